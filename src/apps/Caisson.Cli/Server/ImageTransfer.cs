using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using Caisson.Cli.Store;
using Caisson.Images;
using Caisson.Protocol.Api;

namespace Caisson.Cli.Server;

/// <summary><c>caisson image push | pull</c>: generations between a store or this server and any OCI registry.</summary>
internal static class ImageTransfer
{
    private static readonly Option<string?> StoreDirectory = new("--store") { Description = "A store on this machine instead of the server" };

    public static Command Push()
    {
        var reference = new Argument<string>("name@generation") { Description = "For example work@3" };
        var registry = new RegistryOptions();
        var command = new Command("push", "Copy a generation and its deltas to an OCI registry; what is there is not sent again") { reference };
        registry.AddTo(command);
        command.Options.Add(StoreDirectory);
        command.Options.Add(ConnectionOptions.Json);
        command.SetAction(async (parsed, cancel) =>
        {
            var started = TimeProvider.System.GetTimestamp();
            var (address, client) = registry.Open(parsed);
            using var _ = client;
            using var api = parsed.GetValue(StoreDirectory) is null ? ConnectionOptions.Connect(parsed) : null;
            var (from, name, number, digest) = api is null ? FromStore(parsed, reference) : await FromServerAsync(api, parsed.GetValue(reference)!, cancel);
            var tag = address.Reference ?? number.ToString(CultureInfo.InvariantCulture);
            if (tag.Contains(':', StringComparison.Ordinal))
            {
                throw new ImageStoreException(ImageStoreError.BadInput, $"{address} names a digest; a push names a tag, for example {address with { Reference = "3" }}.");
            }

            var progress = new ProgressLine();
            await new RegistryPush(client, address.Repository).PushAsync(from, digest, tag, TimeProvider.System, progress, cancel);
            progress.Finish();
            Print(parsed, new TransferResult(name, number, digest, $"{address with { Reference = tag }}", TimeProvider.System.GetElapsedTime(started).TotalSeconds), "is in");
        });
        return command;
    }

    public static Command Pull()
    {
        var registry = new RegistryOptions();
        var command = new Command("pull", "Copy a generation and its deltas from an OCI registry, into a store or as a draft onto this server");
        registry.AddTo(command);
        command.Options.Add(StoreDirectory);
        command.Options.Add(ConnectionOptions.Json);
        command.SetAction(async (parsed, cancel) =>
        {
            var started = TimeProvider.System.GetTimestamp();
            var (address, client) = registry.Open(parsed);
            using var _ = client;
            var reference = address.Reference ?? throw new ImageStoreException(ImageStoreError.BadInput, $"{address} names no generation; add its tag, for example {address with { Reference = "3" }}.");
            var from = new RegistryBlobSource(client, address.Repository);
            var progress = new ProgressLine();
            var (name, number, digest) = parsed.GetValue(StoreDirectory) is { } directory
                ? await IntoStoreAsync(from, reference, ImageStore.Open(directory), progress, cancel)
                : await OntoServerAsync(parsed, from, reference, progress, cancel);
            progress.Finish();
            Print(parsed, new TransferResult(name, number, digest, $"{address}", TimeProvider.System.GetElapsedTime(started).TotalSeconds), "came from");
        });
        return command;
    }

    private static (IBlobSource From, string Name, int Number, string Digest) FromStore(ParseResult parsed, Argument<string> reference)
    {
        var store = StoredReference.OpenExisting(parsed.GetValue(StoreDirectory)!);
        var generation = StoredReference.Find(store, parsed.GetValue(reference)!);
        return (new DirectoryBlobSource(store), generation.Name, generation.Number, generation.ManifestDigest);
    }

    private static async Task<(IBlobSource From, string Name, int Number, string Digest)> FromServerAsync(ApiConnection api, string reference, CancellationToken cancel)
    {
        var (name, number) = ImageCommand.ParseReference(reference);
        var page = await api.GetAsync($"/api/images/{Uri.EscapeDataString(name)}/generations?limit=500", ApiJson.Default.PageGenerationInfo, cancel);
        var generation = page.Items.FirstOrDefault(g => g.Number == number) ?? throw new ApiException($"The server has no {reference}. 'caisson image show {name}' lists what it has.");
        return (new RegistryBlobSource(api.Http, name), name, number, generation.ManifestDigest);
    }

    private static async Task<(string Name, int Number, string Digest)> IntoStoreAsync(IBlobSource from, string reference, ImageStore store, ProgressLine progress, CancellationToken cancel)
    {
        var generation = await new StorePull(store, TimeProvider.System, progress).PullAsync(from, reference, cancel);
        return (generation.Name, generation.Number, generation.ManifestDigest);
    }

    private static async Task<(string Name, int Number, string Digest)> OntoServerAsync(ParseResult parsed, IBlobSource from, string reference, ProgressLine progress, CancellationToken cancel)
    {
        using var api = ConnectionOptions.Connect(parsed);
        var known = await StorePull.DescribeAsync(from, reference, TimeProvider.System, cancel);
        await new RegistryPush(api.Http, known.Name).PushAsync(from, known.ManifestDigest, null, TimeProvider.System, progress, cancel);
        var generation = await api.SendAsync(
            HttpMethod.Post,
            $"/api/images/{Uri.EscapeDataString(known.Name)}/generations",
            new PublishGenerationRequest(known.ManifestDigest),
            ApiJson.Default.PublishGenerationRequest,
            ApiJson.Default.GenerationInfo,
            cancel);
        return (generation.Image, generation.Number, generation.ManifestDigest);
    }

    private static void Print(ParseResult parsed, TransferResult result, string verb)
    {
        if (parsed.GetValue(ConnectionOptions.Json))
        {
            Output.Json(result, TransferJson.Default.TransferResult);
            return;
        }

        Console.Out.WriteLine($"{result.Image}@{result.Generation} {verb} {result.Registry} ({result.Digest}).");
    }
}

/// <summary>What push and pull print with <c>--json</c>.</summary>
internal sealed record TransferResult(string Image, int Generation, string Digest, string Registry, double Seconds);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = false)]
[JsonSerializable(typeof(TransferResult))]
internal sealed partial class TransferJson : JsonSerializerContext;
