using Caisson.Demo.Hosts;
using Caisson.Demo.Steps;

namespace Caisson.Demo.Check;

/// <summary>What the phases of a check share.</summary>
internal sealed record CheckStage
{
    public const string Group = "staff";

    public required DataFolder Data { get; init; }

    public required TwoHosts Hosts { get; init; }

    public required Apps Apps { get; init; }

    public required GuestImages Guests { get; init; }

    public required ControlPlane Server { get; init; }

    public required Uri People { get; init; }

    public required Administrator Administrator { get; init; }

    public required Evidence Evidence { get; init; }

    public required CheckResult Result { get; init; }

    public required Progress Progress { get; init; }

    public required TimeProvider Time { get; init; }

    public required AccessLog Access { get; init; }

    public StatusWatch Watch => new(Data.Endpoint, Time);

    public string EndpointLog => Path.Combine(Data.Logs, "caissond.log");

    public Endpoint StartEndpoint() =>
        Endpoint.Start(Hosts.Endpoint, Apps, Data.Endpoint, Data.EndpointRun, EndpointLog, Guests, localPort: 8481);

    /// <summary>Writes one check down and says how it went.</summary>
    public void Check(string name, bool held, string words)
    {
        Result.Checks[name] = held;
        Progress.Say($"{(held ? "✓" : "✗")} {name}: {words}");
    }
}
