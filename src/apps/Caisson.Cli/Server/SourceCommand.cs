using System.CommandLine;
using Caisson.Protocol;
using Caisson.Protocol.Api;

namespace Caisson.Cli.Server;

/// <summary><c>caisson source</c>: where PCs take images from before they ask the server.</summary>
internal static class SourceCommand
{
    private static readonly Option<string?> Image = new("--image") { Description = "Only for this image" };
    private static readonly Argument<Uri> Address = new("address") { Description = "Of a site cache http[s]://HOST[:PORT], of a registry https://HOST[:PORT]/REPOSITORY (without --image the image's name is added)", CustomParser = ParseAddress };

    public static Command Create() => new("source", "Where PCs take images from before they ask the server: site caches, registries")
    {
        List(), Add(), Remove(),
    };

    private static Uri? ParseAddress(System.CommandLine.Parsing.ArgumentResult result)
    {
        if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps))
        {
            return address;
        }

        result.AddError($"'{result.Tokens[0].Value}' is not the address of a source; it looks like https://registry.example.org/images.");
        return null;
    }

    private static Command List()
    {
        var command = new Command("list", "List the sources, the first first") { ConnectionOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            Print(parsed, await ReadAsync(api, cancel));
        });
        return command;
    }

    private static Command Add()
    {
        var kind = new Argument<ImageSourceKind>("kind") { Description = "sitecache or registry" };
        var first = new Option<bool>("--first") { Description = "Before the others; otherwise after them" };
        var command = new Command("add", "Name a source to the PCs") { kind, Address, Image, first, ConnectionOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            var added = new ImageSource { Kind = parsed.GetValue(kind), Address = parsed.GetValue(Address)!, Image = parsed.GetValue(Image) };
            var others = (await ReadAsync(api, cancel)).Items.Where(source => source != added);
            Print(parsed, await SetAsync(api, parsed.GetValue(first) ? others.Prepend(added) : others.Append(added), cancel));
        });
        return command;
    }

    private static Command Remove()
    {
        var command = new Command("remove", "Name a source no more") { Address, Image, ConnectionOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var api = ConnectionOptions.Connect(parsed);
            var (address, image) = (parsed.GetValue(Address), parsed.GetValue(Image));
            var known = (await ReadAsync(api, cancel)).Items;
            var left = known.Where(source => source.Address != address || source.Image != image).ToList();
            if (left.Count == known.Count)
            {
                throw new ApiException($"The server names no source {address}{(image is null ? "" : $" for {image}")}. 'caisson source list' shows what it names.");
            }

            Print(parsed, await SetAsync(api, left, cancel));
        });
        return command;
    }

    private static Task<ImageSourceList> ReadAsync(ApiConnection api, CancellationToken cancel) => api.GetAsync("/api/sources", ApiJson.Default.ImageSourceList, cancel);

    private static Task<ImageSourceList> SetAsync(ApiConnection api, IEnumerable<ImageSource> sources, CancellationToken cancel) =>
        api.SendAsync(HttpMethod.Put, "/api/sources", new ImageSourceList([.. sources]), ApiJson.Default.ImageSourceList, ApiJson.Default.ImageSourceList, cancel);

    private static void Print(ParseResult parsed, ImageSourceList list)
    {
        if (parsed.GetValue(ConnectionOptions.Json))
        {
            Output.Json(list, ApiJson.Default.ImageSourceList);
            return;
        }

        Output.Table(["KIND", "ADDRESS", "IMAGE"], list.Items.Select(s => (IReadOnlyList<string>)[s.Kind == ImageSourceKind.SiteCache ? "site cache" : "registry", $"{s.Address}", s.Image ?? "all"]));
    }
}
