using System.Net;
using System.Net.Http.Json;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Verbs;
using Caisson.Images;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Tests;

public sealed class StoreCareTests
{
    [Fact]
    public async Task A_removed_generation_is_gone_with_its_bytes_and_its_number_is_never_given_again()
    {
        await using var server = await TestServer.StartAsync();
        var first = await TestPublisher.PublishAsync(server, "work", seed: 1);
        var second = await TestPublisher.PublishAsync(server, "work", seed: 2);
        var (firstFile, secondFile) = (Blob(server, first.ManifestDigest), Blob(server, second.ManifestDigest));
        await SetStateAsync(server, 2, GenerationState.Released);
        using (var refused = await DeleteAsync(server, 2))
        {
            Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        }

        using (var removed = await DeleteAsync(server, 1))
        {
            Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        }

        await WaitAsync(() => !File.Exists(firstFile));
        Assert.True(File.Exists(secondFile));
        using (var gone = await server.Admin.GetAsync("/v2/work/manifests/1", TestServer.Cancel))
        {
            Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        }

        Assert.Equal([2], (await server.GetAsync("/api/images/work/generations", ApiJson.Default.PageGenerationInfo)).Items.Select(g => g.Number));
        using (var again = await server.Admin.PutAsync("/api/images/work/generations/1/state", JsonContent.Create(new SetGenerationStateRequest(GenerationState.Released), ApiJson.Default.SetGenerationStateRequest), TestServer.Cancel))
        {
            Assert.Equal(HttpStatusCode.NotFound, again.StatusCode);
        }

        await SetStateAsync(server, 2, GenerationState.Retired);
        using (await DeleteAsync(server, 2))
        {
            await WaitAsync(() => !File.Exists(secondFile));
        }

        Assert.Equal(3, (await TestPublisher.PublishAsync(server, "work", seed: 1)).Number);
    }

    [Fact]
    public async Task What_a_personal_workspace_may_stand_on_cannot_be_removed()
    {
        await using var server = await TestServer.StartAsync();
        await TestPublisher.PublishAsync(server, "work", seed: 1);
        await TestPublisher.PublishAsync(server, "work", seed: 2);
        await SetStateAsync(server, 1, GenerationState.Released);
        using var group = await server.PostAsync("/api/groups", new CreateGroupRequest("house"), ApiJson.Default.CreateGroupRequest);
        using var assigned = await server.PostAsync("/api/assignments", new CreateAssignmentRequest { Group = "house", Workspace = "home", Name = "Home", Kind = WorkspaceKind.Personal, Image = "work" }, ApiJson.Default.CreateAssignmentRequest);
        await SetStateAsync(server, 1, GenerationState.Retired);

        using (var refused = await DeleteAsync(server, 1))
        {
            Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        }

        using var neverGiven = await DeleteAsync(server, 2);
        Assert.Equal(HttpStatusCode.NoContent, neverGiven.StatusCode);
    }

    [Fact]
    public async Task A_server_that_was_killed_in_the_middle_of_a_removal_ends_it_at_its_next_start()
    {
        var server = await TestServer.StartAsync();
        var first = await TestPublisher.PublishAsync(server, "work", seed: 1);
        await using (var db = server.Database())
        {
            await db.Generations.ExecuteUpdateAsync(g => g.SetProperty(x => x.State, GenerationState.Removed), TestServer.Cancel);
        }

        var file = Blob(server, first.ManifestDigest);
        await server.StopAsync();
        Assert.True(File.Exists(file));
        await using var next = await TestServer.OverAsync(server.Folder);
        await WaitAsync(() => !File.Exists(file));
    }

    [Fact]
    public async Task A_blob_a_pusher_was_told_is_here_stays_for_his_manifest()
    {
        await using var server = await TestServer.StartAsync();
        var first = await TestPublisher.PublishAsync(server, "work", seed: 1);
        var store = ImageStore.Open(server.Folder.Store);
        var pack = store.ReadIndex(first.ManifestDigest).Packs[0].Id.Digest;
        using (var head = await server.Admin.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/v2/other/blobs/{pack}"), TestServer.Cancel))
        {
            Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        }

        using (await DeleteAsync(server, 1))
        {
            await WaitAsync(() => !File.Exists(Blob(server, first.ManifestDigest)));
        }

        Assert.True(File.Exists(Blob(server, pack)));
        server.Time.Advance(TimeSpan.FromDays(2));
        Assert.Equal(1, (await store.CollectGarbageAsync(isDry: false, server.Time, null, TestServer.Cancel)).Blobs);
    }

    [Fact]
    public async Task The_verbs_find_and_repair_damage_beside_a_running_server_and_know_its_own_numbers()
    {
        await using var server = await TestServer.StartAsync();
        await TestPublisher.PublishAsync(server, "work", seed: 1);
        var second = await TestPublisher.PublishAsync(server, "work", seed: 2);
        var copy = Directory.CreateTempSubdirectory("caisson-copy-");
        foreach (var file in Directory.GetFiles(server.Folder.Store, "*", SearchOption.AllDirectories).Where(file => !Path.GetRelativePath(server.Folder.Store, file).StartsWith("tmp/", StringComparison.Ordinal)))
        {
            var target = Path.Combine(copy.FullName, Path.GetRelativePath(server.Folder.Store, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        await StoreVerbs.CheckAsync(Arguments(server), TimeProvider.System, TestServer.Cancel);
        File.Delete(Path.Combine(server.Folder.Store, "index.json"));
        await File.WriteAllTextAsync(Blob(server, second.ManifestDigest), "nonsense", TestServer.Cancel);
        await Assert.ThrowsAsync<VerbException>(() => StoreVerbs.RepairAsync(Arguments(server), TimeProvider.System, TestServer.Cancel));
        File.Copy(Path.Combine(copy.FullName, "index.json"), Path.Combine(server.Folder.Store, "index.json"), overwrite: true);
        Assert.Equal(ExitCode.Damaged, (await Assert.ThrowsAsync<VerbException>(() => StoreVerbs.CheckAsync(Arguments(server), TimeProvider.System, TestServer.Cancel))).ExitCode);

        await StoreVerbs.RepairAsync(Arguments(server, "--from", copy.FullName), TimeProvider.System, TestServer.Cancel);

        await StoreVerbs.CheckAsync(Arguments(server), TimeProvider.System, TestServer.Cancel);
        using var tagged = await server.Admin.GetAsync("/v2/work/manifests/2", TestServer.Cancel);
        Assert.Equal(second.ManifestDigest, tagged.Headers.GetValues("Docker-Content-Digest").Single());
        copy.Delete(recursive: true);
    }

    private static Arguments Arguments(TestServer server, params string[] more) => new([.. more, "--data", server.Folder.Path]);

    private static string Blob(TestServer server, string digest) => Path.Combine(server.Folder.Store, "blobs", "sha256", digest["sha256:".Length..]);

    private static Task<HttpResponseMessage> DeleteAsync(TestServer server, int number) => server.Admin.DeleteAsync($"/api/images/work/generations/{number}", TestServer.Cancel);

    private static async Task SetStateAsync(TestServer server, int number, GenerationState state)
    {
        using var set = await server.Admin.PutAsync($"/api/images/work/generations/{number}/state", JsonContent.Create(new SetGenerationStateRequest(state), ApiJson.Default.SetGenerationStateRequest), TestServer.Cancel);
        set.EnsureSuccessStatusCode();
    }

    private static async Task WaitAsync(Func<bool> holds)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestServer.Cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        while (!holds())
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
