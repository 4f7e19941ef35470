using System.CommandLine;

namespace Caisson.Cli.Server;

/// <summary>Where the server is and who asks. The token comes from a file, never from the command line, which every user of a machine can read.</summary>
internal static class ConnectionOptions
{
    public static readonly Option<string?> Server = new("--server")
    {
        Description = "Address of the server, http://localhost:8480 unless CAISSON_SERVER says otherwise",
        Recursive = true,
    };

    public static readonly Option<string?> TokenFile = new("--token-file")
    {
        Description = "File that holds an API token (caisson-server api-token); else CAISSON_TOKEN_FILE, else ~/.config/caisson/token",
        Recursive = true,
    };

    public static readonly Option<bool> Json = new("--json") { Description = "Print JSON as the API gives it" };

    public static ApiConnection Connect(ParseResult parsed)
    {
        var address = parsed.GetValue(Server) ?? Environment.GetEnvironmentVariable("CAISSON_SERVER") ?? "http://localhost:8480";
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps))
        {
            throw new ApiException($"'{address}' is not the address of a server; it looks like http://localhost:8480 or https://caisson.example.org.");
        }

        return new ApiConnection(uri, ReadToken(parsed));
    }

    private static string ReadToken(ParseResult parsed)
    {
        var named = parsed.GetValue(TokenFile) ?? Environment.GetEnvironmentVariable("CAISSON_TOKEN_FILE");
        var file = named ?? PersonFolders.Settings("token");
        if (!File.Exists(file))
        {
            throw new ApiException($"There is no API token in {file}. On the server: caisson-server api-token --data DIR > {file}");
        }

        return File.ReadAllText(file).Trim();
    }
}
