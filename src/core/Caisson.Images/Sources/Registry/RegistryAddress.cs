using System.Globalization;
using System.Text.RegularExpressions;

namespace Caisson.Images;

/// <summary>
/// One repository of a registry, and perhaps one manifest of it, as people write it: <c>oci://HOST[:PORT]/REPOSITORY[:TAG|@sha256:HEX]</c>.
/// Names are those of distribution-spec 1.1, "Pulling manifests".
/// </summary>
public sealed partial record RegistryAddress
{
    private const string Scheme = "oci://";

    /// <summary>HOST or HOST:PORT, as credentials are filed under.</summary>
    public required string Host { get; init; }

    public required string Repository { get; init; }

    /// <summary>A tag or a digest; null if none was given.</summary>
    public string? Reference { get; init; }

    public bool IsLoopback => Root(plainHttp: true).IsLoopback;

    /// <exception cref="ImageStoreException">Bad input: not such an address.</exception>
    public static RegistryAddress Parse(string text)
    {
        var match = Form().Match(text);
        if (!match.Success || !Uri.TryCreate($"https://{match.Groups["host"].Value}/", UriKind.Absolute, out _))
        {
            throw new ImageStoreException(ImageStoreError.BadInput, $"'{text}' is not the address of a registry's repository; it looks like oci://registry.example.org:5000/site/work or …/work:3.");
        }

        return new RegistryAddress
        {
            Host = match.Groups["host"].Value,
            Repository = match.Groups["repository"].Value,
            Reference = match.Groups["reference"] is { Success: true } reference ? reference.Value : null,
        };
    }

    /// <summary>The registry's root, ending in '/'.</summary>
    public Uri Root(bool plainHttp) => new($"{(plainHttp ? "http" : "https")}://{Host}/");

    public override string ToString() =>
        Reference is null ? $"{Scheme}{Host}/{Repository}" : string.Create(CultureInfo.InvariantCulture, $"{Scheme}{Host}/{Repository}{(Reference.Contains(':', StringComparison.Ordinal) ? '@' : ':')}{Reference}");

    [GeneratedRegex(@"^oci://(?<host>[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9a-fA-F:]+\](:[0-9]{1,5})?)/(?<repository>[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*)(:(?<reference>[A-Za-z0-9_][A-Za-z0-9._-]{0,127})|@(?<reference>sha256:[0-9a-f]{64}))?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Form();
}
