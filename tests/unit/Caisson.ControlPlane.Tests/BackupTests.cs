using System.Formats.Tar;
using System.Net;
using Caisson.ControlPlane.SignIn;
using Caisson.ControlPlane.Verbs;
using Caisson.Images;
using Caisson.Protocol;

namespace Caisson.ControlPlane.Tests;

public sealed class BackupTests
{
    [Fact]
    public async Task A_restored_server_knows_its_pcs_and_never_goes_back()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        using var pc = await TestPc.EnrolAsync(server, "house");
        await pc.DesiredAsync();
        var file = Path.Combine(server.Folder.Path, "..", $"{Path.GetFileName(server.Folder.Path)}.tar");
        await BackupVerb.WriteAsync(server.Folder, file, withBlobs: false, TestServer.Cancel);

        // What happens after the backup is lost, but the PC has seen it.
        using var ordered = await server.PostAsync($"/api/endpoints/{pc.Id}/orders", new Protocol.Api.CreateOrderRequest("work", OrderKind.Restart), Protocol.Api.ApiJson.Default.CreateOrderRequest);
        var seen = await pc.DesiredAsync();
        await server.StopAsync();

        var sequences = new List<long> { seen.Sequence };
        foreach (var round in (string[])["first", "second"])
        {
            server.Time.Advance(TimeSpan.FromMinutes(1));
            var folder = new DataFolder($"{server.Folder.Path}-{round}");
            Assert.Equal(0, await RestoreVerb.ReadAsync(folder, file, server.Time, TestServer.Cancel));
            await using var restored = await TestServer.OverAsync(folder);
            using var same = pc.At(restored);
            sequences.Add((await same.DesiredAsync()).Sequence);
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(sequences.Order(), sequences);
        Assert.Equal(3, sequences.Distinct().Count());
        File.Delete(file);
    }

    [Fact]
    public async Task A_backup_with_blobs_brings_back_what_was_published()
    {
        await using var server = await TestServer.StartAsync();
        var pushed = await TestPublisher.PublishAsync(server, "work", seed: 1);
        await File.WriteAllTextAsync(Path.Combine(server.Folder.Store, "blobs", "sha256", "half-written"), "x", TestServer.Cancel);
        var file = Path.Combine(server.Folder.Path, "backup.tar");
        var blobs = await BackupVerb.WriteAsync(server.Folder, file, withBlobs: true, TestServer.Cancel);

        var folder = new DataFolder(Path.Combine(server.Folder.Path, "again"));
        Assert.Equal(0, await RestoreVerb.ReadAsync(folder, file, server.Time, TestServer.Cancel));

        Assert.Equal(blobs, Directory.GetFiles(Path.Combine(folder.Store, "blobs", "sha256")).Length);
        await using var restored = await TestServer.OverAsync(folder);
        using var manifest = await restored.Admin.GetAsync($"/v2/work/manifests/{pushed.ManifestDigest}", TestServer.Cancel);
        Assert.Equal(HttpStatusCode.OK, manifest.StatusCode);
        Assert.Empty((await ImageStore.Open(folder.Store).CheckAsync(TimeProvider.System, progress: null, TestServer.Cancel)).Problems);
    }

    [Fact]
    public async Task What_is_good_once_is_not_good_again_after_a_restore()
    {
        await using var server = await TestServer.StartAsync();
        var token = await server.TokenAsync();
        Uri link;
        await using (var db = server.Database())
        {
            link = await SignInLinks.CreateAsync(db, server.Time, server.Address.People, TestServer.Cancel);
        }

        var file = Path.Combine(server.Folder.Path, "backup.tar");
        await BackupVerb.WriteAsync(server.Folder, file, withBlobs: false, TestServer.Cancel);
        var folder = new DataFolder(Path.Combine(server.Folder.Path, "again"));
        await RestoreVerb.ReadAsync(folder, file, server.Time, TestServer.Cancel);
        await using var restored = await TestServer.OverAsync(folder);
        using var pc = new TestPc(restored);
        using var browser = restored.People();

        using var enrolment = await pc.TryEnrolAsync(token);
        using var signIn = await browser.GetAsync(link.PathAndQuery, TestServer.Cancel);

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (enrolment.StatusCode, signIn.StatusCode));
    }

    [Fact]
    public async Task Nothing_is_restored_over_something()
    {
        await using var server = await TestServer.StartAsync();
        var file = Path.Combine(server.Folder.Path, "backup.tar");
        await BackupVerb.WriteAsync(server.Folder, file, withBlobs: true, TestServer.Cancel);

        var refusal = await Assert.ThrowsAsync<VerbException>(() => RestoreVerb.ReadAsync(server.Folder, file, server.Time, TestServer.Cancel));

        Assert.Contains("is not empty", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("keys/../../evil")]
    [InlineData("/etc/evil")]
    public async Task A_backup_with_a_name_no_backup_has_is_refused_whole(string name)
    {
        var work = Directory.CreateTempSubdirectory("caisson-test-");
        var file = Path.Combine(work.FullName, "backup.tar");
        await using (var output = File.Create(file))
        {
            await using var tar = new TarWriter(output);
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream([1]) }, TestServer.Cancel);
        }

        var refusal = await Assert.ThrowsAsync<VerbException>(() => RestoreVerb.ReadAsync(new DataFolder(Path.Combine(work.FullName, "data")), file, TimeProvider.System, TestServer.Cancel));

        Assert.Equal(ExitCode.Damaged, refusal.ExitCode);
        Assert.False(Directory.Exists(Path.Combine(work.FullName, "data")));
        Assert.False(File.Exists(Path.Combine(work.FullName, "evil")));
        work.Delete(recursive: true);
    }

    [Fact]
    public async Task A_truncated_backup_is_refused_whole()
    {
        await using var server = await TestServer.StartAsync();
        var file = Path.Combine(server.Folder.Path, "backup.tar");
        await BackupVerb.WriteAsync(server.Folder, file, withBlobs: false, TestServer.Cancel);
        await using (var cut = File.OpenWrite(file))
        {
            cut.SetLength(cut.Length / 2);
        }

        var folder = new DataFolder(Path.Combine(server.Folder.Path, "again"));
        var refusal = await Assert.ThrowsAsync<VerbException>(() => RestoreVerb.ReadAsync(folder, file, server.Time, TestServer.Cancel));

        Assert.Equal(ExitCode.Damaged, refusal.ExitCode);
        Assert.False(Directory.Exists(folder.Path));
    }
}
