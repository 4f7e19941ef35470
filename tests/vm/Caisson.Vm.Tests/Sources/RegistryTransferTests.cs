using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Caisson.Images;
using Caisson.Testing;
using Caisson.Vm.Tests.Images;

namespace Caisson.Vm.Tests.Sources;

/// <summary><c>caisson image push | pull</c> and PCs that pull, with a registry others wrote.</summary>
public sealed class RegistryTransferTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Generations_and_their_delta_go_to_a_registry_and_come_back_into_another_store()
    {
        await using var registry = await DockerRegistry.StartAsync(_folder.Path, Ct);
        var address = $"oci://{registry.Client.BaseAddress!.Authority}/site/work";
        var delta = await MakeStoreAsync();
        foreach (var number in (int[])[1, 2])
        {
            await RunAsync("image", "push", $"work@{number}", address, "--store", this["store"]);
        }

        foreach (var tag in (int[])[1, 2])
        {
            await RunAsync("image", "pull", $"{address}:{tag}", "--store", this["copy"]);
        }

        await Stores.AssertSoundAsync(this["copy"]);
        var copy = ImageStore.Open(this["copy"]);
        Assert.Equal(ImageStore.Open(this["store"]).List().Select(g => g.ManifestDigest), copy.List().Select(g => g.ManifestDigest));
        Assert.Equal(delta.ManifestDigest, Assert.Single(copy.ListReferrers(delta.TargetManifestDigest, MediaTypes.Delta)).Digest);
    }

    [Fact]
    public async Task A_delta_larger_than_a_chunk_is_uploaded_in_chunks()
    {
        await using var registry = await DockerRegistry.StartAsync(_folder.Path, Ct);
        var delta = await MakeStoreAsync(mebibytes: 24);
        Assert.True(delta.Bytes > 16 << 20);

        await RunAsync("image", "push", "work@2", $"oci://{registry.Client.BaseAddress!.Authority}/work", "--store", this["store"]);

        Assert.Equal(await File.ReadAllBytesAsync(ImageStore.Open(this["store"]).BlobPath(delta.BlobDigest), Ct), await registry.Client.GetByteArrayAsync(new Uri($"v2/work/blobs/{delta.BlobDigest}", UriKind.Relative), Ct));
    }

    [Fact]
    public async Task A_registry_with_passwords_and_a_CA_of_its_own_takes_who_has_both()
    {
        var (certificate, key, ca) = TestCertificates.Make(_folder.Path, "localhost");
        await File.WriteAllTextAsync(this["htpasswd"], await HtpasswdAsync("ada", "secret of ada"), Ct);
        await using var registry = await DockerRegistry.StartAsync(_folder.Path, Ct, $"auth: {{htpasswd: {{realm: test, path: {this["htpasswd"]}}}}}", (certificate, key));
        var address = $"oci://localhost:{registry.Client.BaseAddress!.Port}/work";
        await MakeStoreAsync();
        await File.WriteAllTextAsync(this["password"], "secret of ada\n", Ct);
        await File.WriteAllTextAsync(this["wrong"], "guessed", Ct);
        await File.WriteAllTextAsync(this["config.json"], JsonSerializer.Serialize(new { auths = new Dictionary<string, object> { [$"localhost:{registry.Client.BaseAddress.Port}"] = new { auth = Convert.ToBase64String(Encoding.UTF8.GetBytes("ada:secret of ada")) } } }), Ct);
        string[] push = ["image", "push", "work@1", address, "--store", this["store"], "--ca-file", ca];

        await RunAsync([.. push, "--username", "ada", "--password-file", this["password"]]);
        Assert.Contains("credential", await RefusedAsync([.. push, "--username", "ada", "--password-file", this["wrong"]]), StringComparison.Ordinal);
        Assert.Contains("certificate", await RefusedAsync(["image", "push", "work@1", address.Replace("localhost", "127.0.0.1", StringComparison.Ordinal), "--store", this["store"], "--ca-file", ca]), StringComparison.OrdinalIgnoreCase);
        await RunAsync(["image", "pull", $"{address}:1", "--store", this["copy"], "--ca-file", ca], ("DOCKER_CONFIG", _folder.Path));
        await Stores.AssertSoundAsync(this["copy"]);
    }

    [Fact]
    public async Task A_PC_takes_the_image_from_the_registry_the_server_names_and_the_server_takes_it_from_there_too()
    {
        await using var registry = await DockerRegistry.StartAsync(_folder.Path, Ct);
        await using var site = await Site.OpenAsync();
        var host = registry.Client.BaseAddress!.Authority;
        await site.CliAsync("image", "push", "work@1", $"oci://{host}/site/work");
        await site.CliAsync("source", "add", "registry", $"http://{host}/site");

        await using var pc = await site.RunPcAsync();
        var from = await pc.WhenWholeAsync();
        Assert.Equal(site.Disk, await File.ReadAllBytesAsync(pc.ImageFile, Ct));
        Assert.Equal([$"http://{host}/v2/site/work"], from.Keys);
        Assert.Equal(0, site.BlobBytesTo(pc.Id));

        // Another server, with nothing but the registry's address.
        await using var other = await Site.OpenAsync(mebibytes: 1);
        var pulled = JsonDocument.Parse(await other.CliAsync("image", "pull", $"oci://{host}/site/work:1", "--json")).RootElement;
        Assert.Equal(2, pulled.GetProperty("generation").GetInt32());
        Assert.Equal(JsonDocument.Parse(await site.CliAsync("image", "show", "work", "--json")).RootElement.GetProperty("items")[0].GetProperty("manifestDigest").GetString(), pulled.GetProperty("digest").GetString());
    }

    public void Dispose() => _folder.Dispose();

    private string this[string name] => _folder.File(name);

    private static Task RunAsync(params string[] arguments) => RunAsync(arguments, ("DOCKER_CONFIG", "/nonexistent"));

    private static async Task RunAsync(string[] arguments, (string Name, string Value) environment)
    {
        var (exitCode, errors) = await CliAsync(arguments, environment);
        Assert.True(exitCode == 0, errors);
    }

    private static async Task<string> RefusedAsync(string[] arguments)
    {
        var (exitCode, errors) = await CliAsync(arguments, ("DOCKER_CONFIG", "/nonexistent"));
        Assert.Equal(3, exitCode);
        return errors;
    }

    private static async Task<(int ExitCode, string Errors)> CliAsync(string[] arguments, (string Name, string Value) environment)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "caisson"), arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment[environment.Name] = environment.Value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Ct);
        var errors = await process.StandardError.ReadToEndAsync(Ct);
        await output;
        await process.WaitForExitAsync(Ct);
        return (process.ExitCode, errors);
    }

    private static async Task<string> HtpasswdAsync(string user, string password)
    {
        using var process = Process.Start(new ProcessStartInfo(Requirement.Program("htpasswd"), ["-Bbn", user, password]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        return await process.StandardOutput.ReadToEndAsync(Ct);
    }

    /// <summary>Two generations of random bytes, all of the second new, and the delta between them.</summary>
    private async Task<StoredDelta> MakeStoreAsync(int mebibytes = 6)
    {
        await Stores.WriteDiskAsync(this["1.raw"], 1, mebibytes << 20);
        await Stores.WriteDiskAsync(this["2.raw"], 2, mebibytes << 20);
        StoredGeneration[] generations = [await Stores.ImportAsync(this["store"], this["1.raw"]), await Stores.ImportAsync(this["store"], this["2.raw"])];
        return await ImageStore.Open(this["store"]).CreateDeltaAsync(generations[0].ManifestDigest, generations[1].ManifestDigest, TimeProvider.System, null, Ct);
    }
}
