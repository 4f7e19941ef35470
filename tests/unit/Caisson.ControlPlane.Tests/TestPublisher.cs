using System.Net.Http.Json;
using Caisson.Images;
using Caisson.Protocol.Api;

namespace Caisson.ControlPlane.Tests;

/// <summary>Publishes as the tool does: import into a store of its own, push, ask for the number.</summary>
internal static class TestPublisher
{
    public static async Task<GenerationInfo> PublishAsync(TestServer server, string name, int seed)
    {
        var work = Directory.CreateTempSubdirectory("caisson-test-");
        try
        {
            var disk = new byte[1 << 20];
            new Random(seed).NextBytes(disk);
            var file = Path.Combine(work.FullName, "disk.raw");
            await File.WriteAllBytesAsync(file, disk, TestServer.Cancel);
            var store = ImageStore.Open(Path.Combine(work.FullName, "store"));
            var stored = await store.ImportAsync(new ImportRequest { File = file, Name = name, Format = ImageFormat.Raw }, TimeProvider.System, progress: null, TestServer.Cancel);
            await new RegistryPush(server.Admin, name) { TagsNumber = false }.PushAsync(store, stored, TimeProvider.System, progress: null, TestServer.Cancel);
            using var published = await server.PostAsync($"/api/images/{name}/generations", new PublishGenerationRequest(stored.ManifestDigest), ApiJson.Default.PublishGenerationRequest);
            return (await published.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(ApiJson.Default.GenerationInfo, TestServer.Cancel))!;
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }
}
