using System.Globalization;
using System.Text.Json.Nodes;
using Caisson.Machines;
using Caisson.Protocol;
using Caisson.Testing;

namespace Caisson.Machines.Tests;

public sealed class MachineFilesTests
{
    [Theory]
    [InlineData(WorkspaceKind.Managed, VolumeRole.Os, VolumeLifetime.DropAtStart)]
    [InlineData(WorkspaceKind.Managed, VolumeRole.Identity, VolumeLifetime.Keep)]
    [InlineData(WorkspaceKind.Managed, VolumeRole.User, VolumeLifetime.Keep)]
    [InlineData(WorkspaceKind.Personal, VolumeRole.Os, VolumeLifetime.Keep)]
    [InlineData(WorkspaceKind.Personal, VolumeRole.Identity, VolumeLifetime.Keep)]
    [InlineData(WorkspaceKind.Personal, VolumeRole.User, VolumeLifetime.Keep)]
    [InlineData(WorkspaceKind.Disposable, VolumeRole.Os, VolumeLifetime.DropAtStop)]
    [InlineData(WorkspaceKind.Disposable, VolumeRole.Identity, VolumeLifetime.DropAtStop)]
    [InlineData(WorkspaceKind.Disposable, VolumeRole.User, VolumeLifetime.DropAtStop)]
    public void Each_volume_lives_as_long_as_its_kind_says(WorkspaceKind kind, VolumeRole role, VolumeLifetime lifetime)
    {
        Assert.Equal(lifetime, VolumePolicy.Of(kind, role));
        Assert.Equal(lifetime is not VolumeLifetime.Keep, VolumePolicy.DropsAtStart(kind, role));
    }

    [Fact]
    public void A_run_folder_too_deep_for_sockets_is_named()
    {
        var paths = new WorkspacePaths("/state", "/" + new string('d', 120));
        var refused = Assert.Throws<MachineException>(paths.RequireShortSocketPaths);
        Assert.Equal(MachineError.BadPath, refused.Error);
        Assert.Contains("shorter run folder", refused.Message, StringComparison.Ordinal);
        new WorkspacePaths("/" + new string('d', 120), "/run/caisson/work").RequireShortSocketPaths();
    }

    [Fact]
    public void The_record_keeps_the_whole_spec()
    {
        using var folder = new TestFolder();
        var paths = new WorkspacePaths(folder.Path, folder.Path);
        foreach (var spec in (WorkspaceSpec[])[Specs.Managed, Specs.Personal, Specs.Tiny, Specs.OfGl, Specs.OfCard, Specs.Secure, Specs.Windows with { Limits = new WorkspaceLimits { CpuWeight = 50 } }])
        {
            var record = new MachineRecord { Spec = spec, Executable = "/usr/bin/qemu", StartedAt = DateTimeOffset.UnixEpoch };
            record.Save(paths);
            Assert.Equal(record, MachineRecord.Load(paths));
        }

        File.WriteAllText(paths.Record, "{\"formatVersion\":1,\"spec\":");
        Assert.Null(MachineRecord.Load(paths));
    }

    [Fact]
    public void A_record_from_before_there_was_a_choice_of_graphics_is_of_a_framebuffer()
    {
        using var folder = new TestFolder();
        var paths = new WorkspacePaths(folder.Path, folder.Path);
        new MachineRecord { Spec = Specs.Managed, Executable = "/usr/bin/qemu", StartedAt = DateTimeOffset.UnixEpoch }.Save(paths);
        var json = JsonNode.Parse(File.ReadAllText(paths.Record))!;
        Assert.True(json["spec"]!.AsObject().Remove("graphics"));
        File.WriteAllText(paths.Record, json.ToJsonString());
        Assert.Equal(new Graphics.Framebuffer(), MachineRecord.Load(paths)!.Spec.Graphics);
    }

    /// <summary>What caissond of before wrote: none of the members that came since.</summary>
    [Fact]
    public void A_record_from_before_guests_were_told_anything_is_of_a_plain_Linux()
    {
        using var folder = new TestFolder();
        var paths = new WorkspacePaths(folder.Path, folder.Path);
        var record = new MachineRecord { Spec = Specs.Managed, Executable = "/usr/bin/qemu", StartedAt = DateTimeOffset.UnixEpoch };
        record.Save(paths);
        var json = JsonNode.Parse(File.ReadAllText(paths.Record))!.AsObject();
        Assert.True(json.Remove("isHeldStill"));
        var spec = json["spec"]!.AsObject();
        Assert.All((string[])["os", "hostName", "limits"], name => Assert.True(spec.Remove(name), name));
        Assert.True(spec["firmware"]!.AsObject().Remove("secureBoot"));
        File.WriteAllText(paths.Record, json.ToJsonString());
        Assert.Equal(record, MachineRecord.Load(paths));
    }

    [Fact]
    public void A_process_is_itself_only_with_its_start_time_and_boot()
    {
        using var folder = new TestFolder();
        var record = folder.File("machine.proc");
        var stat = File.ReadAllText("/proc/self/stat").TrimEnd();
        var bootId = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        File.WriteAllText(record, $"{stat}\n{bootId}\n");
        var self = ProcessIdentity.ReadRecord(record);
        Assert.Equal(Environment.ProcessId, self!.Pid);
        Assert.True(self.IsAlive());
        Assert.True(self.Runs(Environment.ProcessPath!));
        Assert.False(self.Runs("/usr/bin/qemu-system-x86_64"));
        Assert.False((self with { StartTicks = self.StartTicks + 1 }).IsAlive());

        File.WriteAllText(record, $"{stat}\nanother-boot\n");
        Assert.Null(ProcessIdentity.ReadRecord(record));
        File.WriteAllText(record, stat[..10]);
        Assert.Null(ProcessIdentity.ReadRecord(record));
    }

    [Fact]
    public void A_process_name_full_of_brackets_does_not_shift_the_fields()
    {
        var fields = string.Join(' ', Enumerable.Range(4, 18).Select(i => i.ToString(CultureInfo.InvariantCulture)));
        Assert.True(ProcessIdentity.Stat.TryParse($"77 (a) S (b) Z) R {fields} 4711 99", out var stat));
        Assert.Equal((77, 'R', 4711UL), (stat.Pid, stat.State, stat.StartTicks));
    }

    [Fact]
    public void An_old_QEMU_is_refused_with_the_remedy_and_an_odd_one_too()
    {
        Assert.Equal(new Version(7, 2, 22), QemuCapabilities.ParseVersion("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\nCopyright"));
        Assert.Equal(new Version(10, 0), QemuCapabilities.ParseVersion("QEMU emulator version 10.0\n"));
        var old = Assert.Throws<MachineException>(() => QemuCapabilities.ParseVersion("QEMU emulator version 6.2.0 (Debian)"));
        Assert.Equal(MachineError.TooOld, old.Error);
        Assert.Contains("7.2", old.Message, StringComparison.Ordinal);
        Assert.Equal(MachineError.Missing, Assert.Throws<MachineException>(() => QemuCapabilities.ParseVersion("command not found")).Error);
    }

    [Fact]
    public void A_serial_log_that_grows_without_end_keeps_its_end()
    {
        using var folder = new TestFolder();
        var paths = new WorkspacePaths(folder.Path, folder.Path);
        using (var log = new StreamWriter(paths.SerialLog))
        {
            for (var i = 0; i < 17 * 1024; i++)
            {
                log.Write(new string('x', 1024));
            }

            log.Write("the end");
        }

        SerialLog.Bound(paths);
        Assert.Equal(1024 * 1024, new FileInfo(paths.SerialLog).Length);
        Assert.EndsWith("the end", File.ReadAllText(paths.SerialLog), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_picture_too_large_to_hold_is_refused_by_its_length()
    {
        using var folder = new TestFolder();
        var picture = folder.File("screen.png");
        await File.WriteAllBytesAsync(picture, [1, 2, 3], TestContext.Current.CancellationToken);
        Assert.Equal([1, 2, 3], await MachineOwner.ReadPictureAsync(picture, 8 << 20, TestContext.Current.CancellationToken));

        using (var file = File.OpenWrite(picture))
        {
            file.SetLength(1L << 40); // A hole: reading it would not end.
        }

        var refused = await Assert.ThrowsAsync<MachineException>(() => MachineOwner.ReadPictureAsync(picture, 8 << 20, TestContext.Current.CancellationToken));
        Assert.Equal(MachineError.CommandFailed, refused.Error);
    }

    [Fact]
    public void A_folder_that_cannot_be_synced_is_an_error_with_its_cause()
    {
        using var folder = new TestFolder();
        DurableFolder.Sync(folder.Path);
        var missing = Assert.Throws<IOException>(() => DurableFolder.Sync(folder.File("missing")));
        Assert.Contains("No such file", missing.Message, StringComparison.Ordinal);
    }
}
