using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Caisson.ControlPlane.Hosting;

[Flags]
internal enum ListenerKind
{
    People = 1,
    Endpoints = 2,
}

/// <summary>A connection feature: which listener took the connection, and what was found out about it once.</summary>
internal sealed class Listener(ListenerKind kind)
{
    public ListenerKind Kind { get; } = kind;

    /// <summary>Whether the client certificate is of our CA; null until somebody asked.</summary>
    public bool? IsOurCertificate { get; set; }

    /// <summary>The version of the endpoint (<see cref="Live.Changes"/>) at which it was last found enrolled and not revoked; null until then.</summary>
    public long? AdmittedAtVersion { get; set; }

    /// <summary>Marks every connection of a Kestrel listener.</summary>
    public static void Mark(ListenOptions options, ListenerKind kind) => options.Use(next => connection =>
    {
        connection.Features.Set(new Listener(kind));
        return next(connection);
    });
}

/// <summary>On a route: the listeners it answers on. A route that says nothing is for people.</summary>
internal sealed record ListenerMetadata(ListenerKind Kinds);

internal static class ListenerRouting
{
    public static TBuilder OnListener<TBuilder>(this TBuilder builder, ListenerKind kinds)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new ListenerMetadata(kinds));

    /// <summary>Answers 404 when a route is asked on a listener it does not belong to. Runs between routing and everything that reads the request.</summary>
    public static void UseListenerSeparation(this WebApplication app) => app.Use(async (context, next) =>
    {
        var kind = context.Features.Get<Listener>()?.Kind;
        var allowed = context.GetEndpoint()?.Metadata.GetMetadata<ListenerMetadata>()?.Kinds ?? ListenerKind.People;
        if (kind is null || (allowed & kind) == 0)
        {
            await Problems.WriteAsync(context, StatusCodes.Status404NotFound, Protocol.Api.ProblemCodes.NotFound, "There is nothing at this address of this listener.");
            return;
        }

        await next(context);
    });
}
