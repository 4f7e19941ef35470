using System.Net;
using System.Threading.RateLimiting;
using Caisson.ControlPlane.Hosting;
using Caisson.Protocol.Api;

namespace Caisson.ControlPlane.Enrolment;

/// <summary>
/// How often one address may ask the routes that need no certificate. Wide, because a whole site may come from one address and all its PCs
/// renew after an outage; a PC that is refused tries again later.
/// </summary>
internal static class StrangerLimit
{
    public const string Policy = "strangers";

    /// <summary>Requests at once, and then per second.</summary>
    public const int Burst = 400;

    private const int PerSecond = 100;

    public static void AddStrangerLimit(this IServiceCollection services) => services.AddRateLimiter(o =>
    {
        o.AddPolicy(Policy, context => RateLimitPartition.GetTokenBucketLimiter(Network(context.Connection.RemoteIpAddress), _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = Burst,
            TokensPerPeriod = PerSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            QueueLimit = 0,
        }));
        o.OnRejected = (refused, _) =>
        {
            refused.HttpContext.Response.Headers.RetryAfter = "5";
            return new ValueTask(Problems.WriteAsync(refused.HttpContext, StatusCodes.Status429TooManyRequests, ProblemCodes.TooMany, "Too many requests come from this address. Try again in some seconds."));
        };
    });

    /// <summary>An IPv6 host has its whole /64.</summary>
    private static string Network(IPAddress? address) => address switch
    {
        null => "",
        { IsIPv4MappedToIPv6: true } => address.MapToIPv4().ToString(),
        { AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6 } => Convert.ToHexString(address.GetAddressBytes(), 0, 8),
        _ => address.ToString(),
    };
}
