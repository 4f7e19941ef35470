using System.Text.Json;
using Caisson.ControlPlane.Data;
using Caisson.Protocol;

namespace Caisson.ControlPlane.Fleet;

/// <summary>Takes in what a PC says of its appliance, bounded, and says each change worth reading as a sentence.</summary>
internal static class ApplianceReports
{
    private const int MostRefused = 16;
    private const int LongestText = 500;

    public static ApplianceReport? Of(EnrolledEndpoint endpoint) => endpoint.ApplianceJson is { } json ? JsonSerializer.Deserialize(json, ProtocolJson.Default.ApplianceReport) : null;

    /// <returns>The sentences for the timeline.</returns>
    public static IReadOnlyList<(string Kind, string Text)> Take(EnrolledEndpoint endpoint, ApplianceReport? said)
    {
        var was = Of(endpoint);
        var now = said is null ? null : said with
        {
            Refused = [.. said.Refused.TakeLast(MostRefused).Select(r => r with { Reason = Reports.Bounded(r.Reason, LongestText) })],
            Problem = said.Problem is null ? null : Reports.Bounded(said.Problem, LongestText),
        };
        endpoint.ApplianceJson = now is null ? null : JsonSerializer.Serialize(now, ProtocolJson.Default.ApplianceReport);
        return now is null ? [] : [.. Changes(was, now, endpoint.HostName)];
    }

    private static IEnumerable<(string Kind, string Text)> Changes(ApplianceReport? was, ApplianceReport now, string pc)
    {
        if (now.Version is { } version && (version != was?.Version || (was.OnTrial && !now.OnTrial)))
        {
            yield return (ActivityKinds.ApplianceVersion, $"{pc} runs appliance version {version}{(now.OnTrial ? ", on trial" : "")}.");
        }

        if (now.Waiting is { } waiting && waiting != was?.Waiting)
        {
            yield return (ActivityKinds.ApplianceWaits, $"{pc} tries appliance version {waiting} at its next restart.");
        }

        foreach (var refused in now.Refused.Where(r => was is null || was.Refused.All(w => w.Version != r.Version)))
        {
            yield return (ActivityKinds.ApplianceRefused, $"Appliance version {refused.Version} failed on {pc} and is not tried there again: {refused.Reason}");
        }

        if (now.Problem is { Length: > 0 } problem && problem != was?.Problem)
        {
            yield return (ActivityKinds.ApplianceProblem, $"Appliance of {pc}: {problem}");
        }
    }
}
