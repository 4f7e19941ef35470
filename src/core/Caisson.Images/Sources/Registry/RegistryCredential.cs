using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Caisson.Images;

/// <summary>Who asks a registry: a user and a password, or a token made beforehand.</summary>
public sealed record RegistryCredential
{
    private const int MaxFileBytes = 1 << 20;

    private RegistryCredential(AuthenticationHeaderValue header) => Header = header;

    internal AuthenticationHeaderValue Header { get; }

    /// <summary>Secrets are not printed.</summary>
    public override string ToString() => "a credential";

    public static RegistryCredential Of(string user, string password) =>
        new(new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"))));

    /// <summary>What docker and podman keep for a registry: <c>auths</c> of <c>~/.docker/config.json</c>. Null if there is no such file or no such registry in it.</summary>
    /// <param name="host">HOST or HOST:PORT.</param>
    /// <exception cref="ImageStoreException">Bad input: the file is damaged.</exception>
    public static RegistryCredential? Find(string file, string host)
    {
        if (!File.Exists(file))
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(new FileInfo(file).Length <= MaxFileBytes ? File.ReadAllBytes(file) : []);
            if (!json.RootElement.TryGetProperty("auths", out var auths))
            {
                return null;
            }

            foreach (var key in (string[])[host, $"https://{host}", $"https://{host}/", $"https://{host}/v2/"])
            {
                if (auths.TryGetProperty(key, out var entry) && Read(entry) is { } found)
                {
                    return found;
                }
            }

            return null;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            throw new ImageStoreException(ImageStoreError.BadInput, $"{file} is not a list of registry credentials: {e.Message} 'docker login' and 'podman login' write one.", e);
        }
    }

    private static RegistryCredential? Read(JsonElement entry)
    {
        if (Text(entry, "registrytoken") is { } token)
        {
            return new RegistryCredential(new AuthenticationHeaderValue("Bearer", token));
        }

        if (Text(entry, "auth") is { } both)
        {
            _ = Convert.FromBase64String(both);
            return new RegistryCredential(new AuthenticationHeaderValue("Basic", both));
        }

        return Text(entry, "username") is { } user && Text(entry, "password") is { } password ? Of(user, password) : null;
    }

    private static string? Text(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out var value) && value.GetString() is { Length: > 0 } text ? text : null;
}
