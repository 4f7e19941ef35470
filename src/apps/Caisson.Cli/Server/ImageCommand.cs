using System.CommandLine;
using Caisson.Cli.Store;
using Caisson.Images;
using Caisson.Protocol.Api;

namespace Caisson.Cli.Server;

/// <summary><c>caisson image</c>: master images and their generations on a server.</summary>
internal static class ImageCommand
{
    private static readonly Argument<string> Reference = new("name@generation") { Description = "For example work@3" };

    public static Command Create() => new("image", "Master images and their generations")
    {
        Import(),
        ImageTransfer.Push(),
        ImageTransfer.Pull(),
        List(),
        Show(),
        ImageDiffVerb.Create(),
        SetState("test", "Give a generation to assignments on the test track", GenerationState.Test),
        SetState("release", "Give a generation to every PC assigned to its image", GenerationState.Released),
        SetState("retire", "Take a generation back; PCs fall to the newest released one", GenerationState.Retired),
        Remove(),
    };

    private static Command Import()
    {
        var name = new Argument<string>("name") { Description = "Master image; made if it is new" };
        var file = new Argument<string>("file") { Description = "Disk image: raw, qcow2, vmdk or vhdx" };
        var format = new Option<ImageFormat?>("--format") { Description = "raw, qcow2, vmdk or vhdx; read from the header unless given" };
        var store = new Option<string>("--store")
        {
            Description = "Local store; kept, so that the next generation sends only what is new",
            DefaultValueFactory = _ => PersonFolders.Data("store"),
        };
        var trim = FreeSpaceReport.TrimOption();
        var release = new Option<bool>("--release") { Description = "Release it at once" };
        var command = new Command("import", "Publish a disk image as the next generation of a master image (state: draft)") { name, file, format, store, trim, release, ConnectionOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            var request = new ImportRequest { File = parsed.GetValue(file)!, Name = parsed.GetValue(name)!, Format = parsed.GetValue(format), Trim = parsed.GetValue(trim) };
            var generation = await PublishAsync(api, ImageStore.Open(parsed.GetValue(store)!), request, cancel);
            if (parsed.GetValue(release))
            {
                generation = await SetStateAsync(api, generation.Image, generation.Number, GenerationState.Released, cancel);
            }

            if (parsed.GetValue(ConnectionOptions.Json))
            {
                Output.Json(generation, ApiJson.Default.GenerationInfo);
                return;
            }

            Console.Out.WriteLine($"{generation.Image}@{generation.Number} is {generation.State}: {Output.Size(generation.ImageBytes)} of disk in {Output.Size(generation.StoredBytes)}.");
        });
        return command;
    }

    private static async Task<GenerationInfo> PublishAsync(ApiConnection api, ImageStore store, ImportRequest request, CancellationToken cancel)
    {
        var progress = new ProgressLine();
        var stored = await store.ImportAsync(request, TimeProvider.System, progress, cancel);
        if (store.Find(stored.Name, stored.Number - 1) is { } previous)
        {
            await store.CreateDeltaAsync(previous.ManifestDigest, stored.ManifestDigest, TimeProvider.System, progress, cancel);
        }

        await new RegistryPush(api.Http, stored.Name) { TagsNumber = false }.PushAsync(store, stored, TimeProvider.System, progress, cancel);
        progress.Finish();
        FreeSpaceReport.Write(stored.FreeSpace);
        return await api.SendAsync(
            HttpMethod.Post,
            $"/api/images/{Uri.EscapeDataString(stored.Name)}/generations",
            new PublishGenerationRequest(stored.ManifestDigest),
            ApiJson.Default.PublishGenerationRequest,
            ApiJson.Default.GenerationInfo,
            cancel);
    }

    private static Command List()
    {
        var command = new Command("list", "List the master images") { ConnectionOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            var page = await api.GetAsync("/api/images?limit=500", ApiJson.Default.PageImageInfo, cancel);
            if (parsed.GetValue(ConnectionOptions.Json))
            {
                Output.Json(page, ApiJson.Default.PageImageInfo);
                return;
            }

            Output.Table(["IMAGE", "GENERATIONS", "RELEASED"], page.Items.Select(i => (IReadOnlyList<string>)[i.Name, $"{i.Generations}", i.ReleasedGeneration is { } r ? $"{r}" : "-"]));
        });
        return command;
    }

    private static Command Show()
    {
        var name = new Argument<string>("name") { Description = "Master image" };
        var command = new Command("show", "List the generations of a master image") { name, ConnectionOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            var page = await api.GetAsync($"/api/images/{Uri.EscapeDataString(parsed.GetValue(name)!)}/generations?limit=500", ApiJson.Default.PageGenerationInfo, cancel);
            if (parsed.GetValue(ConnectionOptions.Json))
            {
                Output.Json(page, ApiJson.Default.PageGenerationInfo);
                return;
            }

            Output.Table(
                ["GENERATION", "STATE", "DISK", "STORED", "UPDATE", "PUBLISHED"],
                page.Items.Select(g => (IReadOnlyList<string>)[$"{g.Image}@{g.Number}", $"{g.State}", Output.Size(g.ImageBytes), Output.Size(g.StoredBytes), Update(g.Delta), Output.Time(g.PublishedAt)]));
        });
        return command;
    }

    private static string Update(DeltaInfo? delta) => delta switch
    {
        null => "-",
        { State: DeltaState.Ready } => $"{Output.Size(delta.Bytes)} from {delta.FromGeneration}",
        _ => $"{delta.State}".ToLowerInvariant(),
    };

    private static Command SetState(string verb, string description, GenerationState state)
    {
        var command = new Command(verb, description) { Reference, ConnectionOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            var (name, number) = ParseReference(parsed.GetValue(Reference)!);
            using var api = ConnectionOptions.Connect(parsed);
            var generation = await SetStateAsync(api, name, number, state, cancel);
            if (parsed.GetValue(ConnectionOptions.Json))
            {
                Output.Json(generation, ApiJson.Default.GenerationInfo);
            }
        });
        return command;
    }

    private static Command Remove()
    {
        var command = new Command("remove", "Remove a draft or retired generation for good and free its space on the server") { Reference };
        command.SetAction(async (parsed, cancel) =>
        {
            var (name, number) = ParseReference(parsed.GetValue(Reference)!);
            using var api = ConnectionOptions.Connect(parsed);
            await api.DeleteAsync($"/api/images/{Uri.EscapeDataString(name)}/generations/{number}", cancel);
        });
        return command;
    }

    private static Task<GenerationInfo> SetStateAsync(ApiConnection api, string name, int number, GenerationState state, CancellationToken cancel) =>
        api.SendAsync(
            HttpMethod.Put,
            $"/api/images/{Uri.EscapeDataString(name)}/generations/{number}/state",
            new SetGenerationStateRequest(state),
            ApiJson.Default.SetGenerationStateRequest,
            ApiJson.Default.GenerationInfo,
            cancel);

    internal static (string Name, int Number) ParseReference(string text) =>
        text.Split('@') is [{ Length: > 0 } name, var number] && int.TryParse(number, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var n) && n > 0
            ? (name, n)
            : throw new ApiException($"'{text}' is not a generation; write it as NAME@NUMBER, for example work@3.");
}
