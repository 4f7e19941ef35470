namespace Caisson.Protocol.Api;

/// <summary>GET /api/activity: who did what, and what changed by itself; newest first.</summary>
public sealed record ActivityInfo
{
    public required long Id { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>A token's name, "console", an endpoint id, or "server".</summary>
    public required string Actor { get; init; }

    /// <summary>Stable word, for example <c>generation.released</c>.</summary>
    public required string Kind { get; init; }

    public string? Endpoint { get; init; }

    /// <summary>A sentence for people.</summary>
    public required string Text { get; init; }
}

/// <summary>POST /api/tokens.</summary>
public sealed record CreateApiTokenRequest(string Name);

/// <summary>The only time the token is ever shown; the server keeps a hash.</summary>
public sealed record ApiTokenCreated(int Id, string Name, string Token);

/// <summary>GET /api/tokens.</summary>
public sealed record ApiTokenInfo
{
    public required int Id { get; init; }

    public required string Name { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? LastUsedAt { get; init; }
}
