using System.Text.Json;
using System.Text.Json.Serialization;
using Caisson.ControlPlane.Sources;
using Caisson.Protocol;

namespace Caisson.ControlPlane;

/// <summary>DATA/config.json, written by <c>init</c>. A member this version does not know is refused: a typing error must not pass in silence.</summary>
internal sealed record ServerConfig
{
    /// <summary>What people type: http on localhost, or https with <see cref="Certificate"/>.</summary>
    public required Uri Url { get; init; }

    /// <summary>What endpoints and the registry's readers use; always https, certificate from our own CA.</summary>
    public required Uri EndpointUrl { get; init; }

    /// <summary>Seconds between two polls of an endpoint, before jitter.</summary>
    public int PollSeconds { get; set; } = 60;

    /// <summary>From how many generations before an image's newest deltas to it are made without being asked for.</summary>
    public int DeltaGenerations { get; set; } = 3;

    /// <summary>Seconds of work one such delta may take to become smaller once it is there; 0: none.</summary>
    public int SmallDeltaSeconds { get; set; } = 600;

    /// <summary>Listen on every address instead of those the URLs name.</summary>
    public bool ListenAny { get; init; }

    /// <summary>PEM chain for an https <see cref="Url"/>.</summary>
    public string? Certificate { get; init; }

    public string? CertificateKey { get; init; }

    /// <summary>Where PCs take images from before they ask this server, the first first.</summary>
    public IReadOnlyList<ImageSource> Sources { get => field ?? []; init; }

    /// <summary>Other rates for the background fetching of every PC at certain hours of its own clock; for example office hours.</summary>
    public IReadOnlyList<FillHours> FillSchedule { get => field ?? []; init; }

    /// <exception cref="VerbException">Not there, damaged, or contradictory.</exception>
    public static ServerConfig Load(DataFolder folder)
    {
        if (!File.Exists(folder.Config))
        {
            throw new VerbException(ExitCode.BadInput, $"There is no server in '{folder.Path}': config.json is missing. Make one with 'caisson-server init --data {folder.Path} --url … --endpoint-url …'.");
        }

        try
        {
            var config = JsonSerializer.Deserialize(File.ReadAllBytes(folder.Config), ServerConfigJson.Default.ServerConfig)
                ?? throw new JsonException("it is empty");
            config.Check();
            return config;
        }
        catch (JsonException e)
        {
            throw new VerbException(ExitCode.Damaged, $"'{folder.Config}' cannot be read: {e.Message} Correct it, or restore a backup.", e);
        }
    }

    public void Save(DataFolder folder) => DataFolder.WritePrivate(folder.Config, JsonSerializer.SerializeToUtf8Bytes(this, ServerConfigJson.Default.ServerConfig));

    /// <exception cref="VerbException">The members contradict each other.</exception>
    public void Check()
    {
        if (!Url.IsAbsoluteUri || Url.Scheme is not ("http" or "https") || Url.AbsolutePath != "/")
        {
            throw new VerbException(ExitCode.BadInput, $"--url '{Url}' is not of the form http://localhost:PORT or https://HOST[:PORT].");
        }

        if (Url.Scheme == "http" && !Url.IsLoopback)
        {
            throw new VerbException(ExitCode.BadInput, $"--url '{Url}' is plain http on a host other than localhost: sign-ins would cross the network in clear. Use https with --certificate and --certificate-key.");
        }

        if (Url.Scheme == "https" && (Certificate is null || CertificateKey is null))
        {
            throw new VerbException(ExitCode.BadInput, $"--url '{Url}' is https and needs --certificate FILE and --certificate-key FILE (PEM).");
        }

        if (!EndpointUrl.IsAbsoluteUri || EndpointUrl.Scheme != "https" || EndpointUrl.AbsolutePath != "/")
        {
            throw new VerbException(ExitCode.BadInput, $"--endpoint-url '{EndpointUrl}' is not of the form https://HOST:PORT.");
        }

        if (Sources.Select(SourceList.Problem).FirstOrDefault(problem => problem is not null) is { } wrong)
        {
            throw new VerbException(ExitCode.BadInput, $"config.json, sources: {wrong}");
        }

        if (FillSchedule.Any(hours => hours.BytesPerSecond < 0))
        {
            throw new VerbException(ExitCode.BadInput, "fillSchedule has a bytesPerSecond below 0; 0 is a pause, and none is no limit.");
        }

        if (PollSeconds is < 1 or > 3600)
        {
            throw new VerbException(ExitCode.BadInput, $"--poll {PollSeconds} is not between 1 and 3600 seconds.");
        }

        if (DeltaGenerations is < 0 or > 32 || SmallDeltaSeconds is < 0 or > 86400)
        {
            throw new VerbException(ExitCode.BadInput, $"config.json: deltaGenerations {DeltaGenerations} is not between 0 and 32, or smallDeltaSeconds {SmallDeltaSeconds} not between 0 and 86400.");
        }
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(ServerConfig))]
internal sealed partial class ServerConfigJson : JsonSerializerContext;
