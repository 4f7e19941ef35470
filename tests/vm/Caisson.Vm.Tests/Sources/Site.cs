using System.Text.Json;
using Caisson.Images;
using Caisson.Testing;
using Caisson.Vm.Tests.Images;
using Caisson.Vm.Tests.Server;

namespace Caisson.Vm.Tests.Sources;

/// <summary>A real server with one image "work" of random bytes, released and assigned to the group "house", and the tools of its administrator.</summary>
internal sealed class Site : IAsyncDisposable
{
    private readonly TestFolder _folder = new();

    private Site(ServerProcess server) => Server = server;

    public ServerProcess Server { get; }

    public string Store => this["store"];

    public byte[] Disk { get; private set; } = [];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<Site> OpenAsync(int mebibytes = 24)
    {
        var site = new Site(await ServerProcess.InitAsync());
        await site.Server.RunAsync();
        site.Disk = await Stores.WriteDiskAsync(site["disk.raw"], 1, mebibytes << 20);
        await site.CliAsync("image", "import", "work", site["disk.raw"], "--format", "raw", "--store", site.Store, "--release");
        await site.CliAsync("group", "create", "house");
        await site.CliAsync("assignment", "create", "house", "Work", "--image", "work", "--no-auto-start", "--memory", "128", "--cpus", "1");
        return site;
    }

    public string this[string name] => _folder.File(name);

    /// <summary>Runs <c>caisson</c> against this server.</summary>
    public async Task<string> CliAsync(params string[] arguments)
    {
        using var process = Stores.StartCli([.. arguments, "--server", Server.Url.ToString(), "--token-file", Server.TokenFile]);
        var errors = process.StandardError.ReadToEndAsync(Ct);
        var output = await process.StandardOutput.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        Assert.True(process.ExitCode == 0, $"caisson {string.Join(' ', arguments)}: {await errors}");
        return output;
    }

    /// <summary>A PC of the house, not running yet.</summary>
    public async Task<SitePc> EnrolAsync() => await SitePc.EnrolAsync(await CliAsync("enrolment", "create", "--group", "house"));

    /// <summary>A PC of the house that runs.</summary>
    public async Task<SitePc> RunPcAsync(params string[] options)
    {
        var pc = await EnrolAsync();
        pc.Run(options);
        return pc;
    }

    /// <summary>Bytes of blobs the server gave to whoever bears this name, so far.</summary>
    public long BlobBytesTo(string name)
    {
        using var file = new FileStream(Server.AccessLog, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd().Split('\n').Where(line => line.EndsWith('}')).Select(line => JsonSerializer.Deserialize<JsonElement>(line))
            .Where(line => line.TryGetProperty("endpoint", out var who) && who.GetString() == name && line.GetProperty("path").GetString()!.Contains("/blobs/", StringComparison.Ordinal))
            .Sum(line => line.GetProperty("bytes").GetInt64());
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _folder.Dispose();
    }
}
