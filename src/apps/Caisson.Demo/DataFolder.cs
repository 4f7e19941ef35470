namespace Caisson.Demo;

/// <summary>Everything one run keeps on disk, below <c>--data</c>.</summary>
internal sealed record DataFolder(string Root)
{
    public string Server => Path.Combine(Root, "server");

    public string Endpoint => Path.Combine(Root, "endpoint");

    /// <summary>Sockets of the endpoint; short, because a Unix socket's path ends at 107 bytes.</summary>
    public string EndpointRun => Path.Combine(Root, "run");

    public string Administrator => Path.Combine(Root, "administrator");

    public string ApiToken => Path.Combine(Administrator, "api-token");

    public string Apps => Path.Combine(Root, "apps");

    public string Evidence => Path.Combine(Root, "evidence");

    public string Logs => Path.Combine(Root, "log");

    public string AccessLog => Path.Combine(Server, "log", "access.jsonl");
}
