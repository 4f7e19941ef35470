using System.Net.Sockets;
using Caisson.ControlPlane.Certificates;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Hosting;
using Caisson.ControlPlane.Registry;
using Caisson.ControlPlane.SignIn;

namespace Caisson.ControlPlane.Verbs;

/// <summary>init, run, sign-in-link, api-token and rotate-ca. Backup and restore have files of their own.</summary>
internal static class ServerVerbs
{
    public static async Task InitAsync(Arguments arguments, TimeProvider time, CancellationToken cancellationToken)
    {
        var folder = new DataFolder(arguments.Required("data"));
        var config = new ServerConfig
        {
            Url = arguments.Url("url"),
            EndpointUrl = arguments.Url("endpoint-url"),
            PollSeconds = arguments.Number("poll", 60),
            ListenAny = arguments.Flag("listen-any"),
            Certificate = arguments.Option("certificate") is { } file ? Path.GetFullPath(file) : null,
            CertificateKey = arguments.Option("certificate-key") is { } key ? Path.GetFullPath(key) : null,
        };
        arguments.End();
        config.Check();
        await InitAsync(folder, config, time, cancellationToken);
        System.Console.WriteLine($"A server is in '{folder.Path}'. Start it with: caisson-server run --data {folder.Path}");
    }

    /// <summary>Everything a server needs. config.json comes last: a folder without it is no server yet, and init may be run again.</summary>
    public static async Task InitAsync(DataFolder folder, ServerConfig config, TimeProvider time, CancellationToken cancellationToken)
    {
        if (File.Exists(folder.Config))
        {
            throw new VerbException(ExitCode.BadInput, $"There is a server in '{folder.Path}' already. Take another folder, or edit its config.json.");
        }

        folder.CreateDirectories();
        using var held = DataLock.Take(folder);
        File.Delete(folder.AuthorityKey);
        Authority.Create(folder, time);
        DesiredStateSigner.Create(folder);
        using var authority = Authority.Open(folder, time);
        authority.IssueServer(folder, config.EndpointUrl);
        await using var db = await ServerDatabase.OpenAsync(folder, cancellationToken);
        db.Record(time, "server", ActivityKinds.ServerInitialised, "The server was set up.");
        await db.SaveChangesAsync(cancellationToken);
        config.Save(folder);
    }

    public static async Task RunAsync(Arguments arguments, TimeProvider time, CancellationToken cancellationToken)
    {
        var folder = new DataFolder(arguments.Required("data"));
        arguments.End();
        var config = ServerConfig.Load(folder);
        folder.CreateDirectories();
        using var held = DataLock.Take(folder);
        await using (await ServerDatabase.OpenAsync(folder, cancellationToken))
        {
            // Only to migrate.
        }

        await using var app = await StartAsync(folder, config, time, cancellationToken);
        var address = app.Services.GetRequiredService<ServerAddress>();
        System.Console.WriteLine($"Caisson is at {address.People} for people and at {address.Endpoints} for PCs. Ctrl-C stops it.");
        await app.WaitForShutdownAsync(cancellationToken);

        // The host stops in peace when a part of it fails; whoever started us must see that it was no wish.
        foreach (var part in app.Services.GetServices<IHostedService>().OfType<BackgroundService>())
        {
            if (part.ExecuteTask?.Exception is { } fault)
            {
                throw new VerbException(ExitCode.Fault, $"The server stopped because a part of it failed: {fault.GetBaseException().Message}", fault);
            }
        }
    }

    /// <exception cref="VerbException">A port is taken, or an address is not this machine's.</exception>
    public static async Task<WebApplication> StartAsync(DataFolder folder, ServerConfig config, TimeProvider time, CancellationToken cancellationToken)
    {
        WebApplication? app = null;
        try
        {
            app = ServerHost.Build(folder, config, time);
            app.Services.GetRequiredService<Uploads>().RemoveLeftovers();
            await app.StartAsync(cancellationToken);
            return app;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            if (app is not null)
            {
                await app.DisposeAsync();
            }

            throw new VerbException(ExitCode.BadInput, $"The server cannot listen at {config.Url} and {config.EndpointUrl}: {e.Message} Free the port or the address, or change config.json in '{folder.Path}'.", e);
        }
    }

    public static async Task SignInLinkAsync(Arguments arguments, TimeProvider time, CancellationToken cancellationToken)
    {
        var folder = new DataFolder(arguments.Required("data"));
        arguments.End();
        var config = ServerConfig.Load(folder);
        await using var db = await ServerDatabase.OpenAsync(folder, cancellationToken);
        System.Console.WriteLine(await SignInLinks.CreateAsync(db, time, config.Url, cancellationToken));
    }

    public static async Task ApiTokenAsync(Arguments arguments, TimeProvider time, CancellationToken cancellationToken)
    {
        var folder = new DataFolder(arguments.Required("data"));
        var name = arguments.Option("name") ?? "terminal";
        arguments.End();
        ServerConfig.Load(folder);
        await using var db = await ServerDatabase.OpenAsync(folder, cancellationToken);
        System.Console.WriteLine((await ApiTokens.CreateAsync(db, time, "server", name, cancellationToken)).Token);
    }

    /// <summary>A new CA beside the old one. Endpoints learn it with their next renewal, which the unchanged desired-state key signs.</summary>
    public static async Task RotateAuthorityAsync(Arguments arguments, TimeProvider time, CancellationToken cancellationToken)
    {
        var folder = new DataFolder(arguments.Required("data"));
        var distrustOld = arguments.Flag("distrust-old");
        arguments.End();
        var config = ServerConfig.Load(folder);
        if (distrustOld)
        {
            await DistrustRetiredAsync(folder, time, cancellationToken);
            System.Console.WriteLine("Only the newest CA is trusted now. PCs that were away since it was made do not know it: enrol them again.");
            return;
        }

        await RotateAuthorityAsync(folder, config, time, cancellationToken);
        System.Console.WriteLine("The server has a new CA. PCs take it with their next renewal; enrolment tokens made before are void.");
    }

    /// <summary>The second half of evicting a stolen CA. A verb of its own, because PCs take a day to learn the new one.</summary>
    /// <exception cref="VerbException">There is only one CA.</exception>
    public static async Task DistrustRetiredAsync(DataFolder folder, TimeProvider time, CancellationToken cancellationToken)
    {
        using var held = DataLock.Take(folder);
        if (Authority.DistrustRetired(folder) == 0)
        {
            throw new VerbException(ExitCode.BadInput, "There is no earlier CA. Make a new one first with 'caisson-server rotate-ca', give the PCs a day to learn it, then distrust the old one.");
        }

        await using var db = await ServerDatabase.OpenAsync(folder, cancellationToken);
        db.Record(time, "server", ActivityKinds.AuthorityRotated, "Earlier CAs are trusted no more.");
        await db.SaveChangesAsync(cancellationToken);
    }

    public static async Task RotateAuthorityAsync(DataFolder folder, ServerConfig config, TimeProvider time, CancellationToken cancellationToken)
    {
        using var held = DataLock.Take(folder);
        Authority.Create(folder, time);
        using var authority = Authority.Open(folder, time);
        authority.IssueServer(folder, config.EndpointUrl);
        await using var db = await ServerDatabase.OpenAsync(folder, cancellationToken);
        db.Record(time, "server", ActivityKinds.AuthorityRotated, "The server has a new CA.");
        await db.SaveChangesAsync(cancellationToken);
    }
}
