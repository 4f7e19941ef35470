using System.Text.Json.Nodes;
using Caisson.Testing;
using CsCheck;

namespace Caisson.Machines.Tests;

public sealed class SuspensionTests
{
    private static readonly Version Debian12 = new(7, 2, 22);

    private static readonly WorkspaceSpec Raw = Specs.Managed with { OsBaseId = "sha256:1", OsBase = new RawBase("/images/1/image.raw") };

    private static readonly QemuCapabilities Here = Specs.Capabilities(Debian12, Accelerator.Kvm) with { HostProcessor = "EPYC 1" };

    private static Suspension Saved(WorkspaceSpec spec, QemuCapabilities where) =>
        new() { Spec = spec, Machine = SuspensionRule.MachineOf(spec, Specs.Paths, where), At = DateTimeOffset.UnixEpoch };

    private static ResumeDecision Decide(Suspension saved, WorkspaceSpec wanted, QemuCapabilities now) =>
        SuspensionRule.Decide(saved, wanted, spec => SuspensionRule.MachineOf(spec, Specs.Paths, now));

    [Fact]
    public void The_same_machine_goes_on_and_its_image_may_have_become_whole_meanwhile()
    {
        var streamed = Raw with { OsBase = new NbdBase("/run/nbd/1.sock", "os") };
        var resumed = Assert.IsType<ResumeDecision.Resume>(Decide(Saved(streamed, Here), Raw, Here));
        Assert.Equal(Raw, resumed.Spec);
    }

    [Fact]
    public void What_is_wanted_meanwhile_waits_for_the_next_ordinary_start()
    {
        var resumed = Assert.IsType<ResumeDecision.Resume>(Decide(Saved(Raw, Here), Raw with { MemoryMiB = 8192, Cpus = 8, Name = "Office" }, Here));
        Assert.Equal(Raw, resumed.Spec);
    }

    public static TheoryData<string> Changes => ["generation", "machine", "kind", "qemu", "processor", "accelerator", "attempts"];

    [Theory]
    [MemberData(nameof(Changes))]
    public void Memory_that_does_not_fit_is_given_up_with_a_sentence(string change)
    {
        var saved = change == "attempts" ? Saved(Raw, Here) with { Attempts = 2 } : Saved(Raw, Here);
        var wanted = change switch
        {
            "generation" => Raw with { OsBaseId = "sha256:2" },
            "machine" => Raw with { MachineId = Guid.NewGuid() },
            "kind" => Raw with { Kind = Protocol.WorkspaceKind.Personal },
            _ => Raw,
        };
        var now = change switch
        {
            "qemu" => Here with { Version = new Version(7, 2, 23) },
            "processor" => Here with { HostProcessor = "EPYC 2" },
            "accelerator" => Here with { Accelerator = Accelerator.Tcg },
            _ => Here,
        };
        var afresh = Assert.IsType<ResumeDecision.StartAfresh>(Decide(saved, wanted, now));
        Assert.StartsWith("Work could not go on where it was suspended, because ", afresh.Why, StringComparison.Ordinal);
        Assert.EndsWith("is gone.", afresh.Why, StringComparison.Ordinal);
    }

    /// <summary>Whatever one property of the machine becomes, the memory is not put into it.</summary>
    [Fact]
    public void Any_line_of_the_machine_counts() => Gen.Select(Gen.Int[0, 200], Gen.String[1, 20]).Sample((at, text) =>
    {
        var saved = Saved(Raw, Here);
        var lines = saved.Machine.ToList();
        lines[at % lines.Count] += text;
        return Decide(saved with { Machine = lines }, Raw, Here) is ResumeDecision.StartAfresh;
    });

    [Fact]
    public void A_GPU_cannot_be_saved_and_a_framebuffer_can()
    {
        Assert.Null(SuspensionRule.Objection(Specs.Managed));
        Assert.Contains("GPU", SuspensionRule.Objection(Specs.OfGl), StringComparison.Ordinal);
        Assert.Contains("GPU", SuspensionRule.Objection(Specs.OfCard), StringComparison.Ordinal);
    }

    /// <summary>Every state a power cut can leave, by which of the files are there and whether the record is whole.</summary>
    [Fact]
    public void A_workspace_is_suspended_exactly_while_record_and_memory_are_there()
    {
        Gen.Select(Gen.Bool, Gen.Bool, Gen.Int[0, 2]).Sample((isWriting, hasMemory, record) =>
        {
            using var folder = new TestFolder();
            var paths = new WorkspacePaths(folder.Path, folder.Path);
            Write(isWriting, Suspension.Unfinished(paths), "half");
            Write(hasMemory, paths.SuspendedMemory, "whole");
            var saved = Saved(Raw, Here);
            if (record > 0)
            {
                saved.Save(paths);
                File.WriteAllText(paths.Suspension, record == 2 ? File.ReadAllText(paths.Suspension) : "{\"formatVersion\":1,");
            }

            Assert.Equal(hasMemory && record == 2, Machine.IsSuspended(paths));
            Machine.DropSuspended(paths);
            Machine.DropSuspended(paths);
            Assert.False(Machine.IsSuspended(paths));
            Assert.Empty(Directory.GetFiles(folder.Path));
        });

        static void Write(bool isThere, string path, string text)
        {
            if (isThere)
            {
                File.WriteAllText(path, text);
            }
        }
    }

    [Fact]
    public void The_record_on_disk_keeps_all_and_one_without_attempts_has_none()
    {
        using var folder = new TestFolder();
        var paths = new WorkspacePaths(folder.Path, folder.Path);
        File.WriteAllText(Suspension.Unfinished(paths), "memory");
        var saved = Saved(Raw, Here) with { Attempts = 1 };
        saved.Commit(paths);
        var read = Suspension.Load(paths)!;
        Assert.Equal(saved with { Machine = read.Machine }, read);
        Assert.Equal(saved.Machine, read.Machine);

        var json = JsonNode.Parse(File.ReadAllText(paths.Suspension))!;
        Assert.True(json.AsObject().Remove("attempts"));
        File.WriteAllText(paths.Suspension, json.ToJsonString());
        Assert.Equal(0, Suspension.Load(paths)!.Attempts);
    }
}
