using System.CommandLine;
using Caisson.Images;

namespace Caisson.Cli.Server;

/// <summary>Which registry, who asks, and whose certificate is believed. Passwords come from files, never from the command line.</summary>
internal sealed class RegistryOptions
{
    private readonly Option<string?> user = new("--username") { Description = "User of the registry; else what 'docker login' or 'podman login' has kept, else nobody" };
    private readonly Option<string?> passwordFile = new("--password-file") { Description = "File with that user's password; - is standard input" };
    private readonly Option<string?> caFile = new("--ca-file") { Description = "PEM file of the CA of the registry's certificate, where this machine does not know it" };
    private readonly Option<bool> plainHttp = new("--plain-http") { Description = "Speak with the registry in clear; needed unless it is on this machine" };

    public Argument<string> Address { get; } = new("registry") { Description = "For example oci://registry.example.org/site/work:3" };

    public void AddTo(Command command)
    {
        command.Arguments.Add(Address);
        foreach (var option in (Option[])[user, passwordFile, caFile, plainHttp])
        {
            command.Options.Add(option);
        }
    }

    /// <exception cref="ImageStoreException">Bad input.</exception>
    public (RegistryAddress Address, HttpClient Client) Open(ParseResult parsed)
    {
        var address = RegistryAddress.Parse(parsed.GetValue(Address)!);
        var ca = parsed.GetValue(caFile);
        if (ca is not null && !File.Exists(ca))
        {
            throw new ImageStoreException(ImageStoreError.BadInput, $"There is no file {ca} with the registry's CA.");
        }

        // On this machine nobody listens between; elsewhere a password in clear must be somebody's own wish.
        var inClear = parsed.GetValue(plainHttp) || (address.IsLoopback && ca is null);
        return (address, RegistryConnection.Open(address.Root(inClear), Credential(parsed, address.Host), ca));
    }

    private RegistryCredential? Credential(ParseResult parsed, string host)
    {
        if (parsed.GetValue(user) is not { } name)
        {
            return Kept().Select(file => RegistryCredential.Find(file, host)).FirstOrDefault(found => found is not null);
        }

        var file = parsed.GetValue(passwordFile) ?? throw new ImageStoreException(ImageStoreError.BadInput, "--username needs --password-file FILE (- for standard input).");
        return RegistryCredential.Of(name, (file == "-" ? Console.In.ReadToEnd() : File.ReadAllText(file)).TrimEnd('\r', '\n'));
    }

    /// <summary>containers-auth.json(5) and docker's own, in that order.</summary>
    private static IEnumerable<string> Kept()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        if (Environment.GetEnvironmentVariable("REGISTRY_AUTH_FILE") is { Length: > 0 } named)
        {
            yield return named;
        }

        if (Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } run)
        {
            yield return Path.Combine(run, "containers", "auth.json");
        }

        yield return Path.Combine(Environment.GetEnvironmentVariable("DOCKER_CONFIG") ?? Path.Combine(home, ".docker"), "config.json");
    }
}
