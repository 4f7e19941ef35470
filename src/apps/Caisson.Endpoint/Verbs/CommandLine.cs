using System.CommandLine;
using Caisson.Endpoint.Appliance;
using Caisson.Endpoint.Sources;
using Caisson.Machines;
using Caisson.Slots;

namespace Caisson.Endpoint.Verbs;

/// <summary>caissond's verbs and options.</summary>
internal static class CommandLine
{
    private static readonly Option<DirectoryInfo> Data = new("--data") { Description = "Folder of everything this PC keeps.", Required = true, HelpName = "DIR" };

    public static RootCommand Build() => new("caissond: brings this PC to the state its Caisson server wants, and keeps it working without.")
    {
        Enrol(), Run(), Status(), Link(), Filling(), Appliance(),
    };

    private static Command Enrol()
    {
        var tokenFile = new Option<string>("--token-file") { Description = "File with the enrolment token; - is standard input.", DefaultValueFactory = _ => "-", HelpName = "FILE" };
        var command = new Command("enrol", "Make this PC known to the server that gave the token. Safe to repeat.") { Data, tokenFile };
        command.SetAction((p, ct) => EnrolVerb.RunAsync(p.GetRequiredValue(Data).FullName, p.GetValue(tokenFile)!, ct));
        return command;
    }

    private static Command Run()
    {
        var runDir = new Option<DirectoryInfo?>("--run-dir") { Description = "Folder for sockets; default: DIR/run.", HelpName = "DIR" };
        var port = new Option<int>("--local-port") { Description = "Port of the local page on 127.0.0.1; 0 takes a free one.", DefaultValueFactory = _ => 8490, HelpName = "N" };
        var pageSocket = new Option<FileInfo?>("--page-socket") { Description = "Unix socket for the page, for the switcher of the appliance, in place of the port: nothing listens then.", HelpName = "FILE" };
        var leave = new Option<bool>("--leave-running") { Description = "At SIGTERM leave the machines running; the next caissond takes them up. Default: shut them down." };
        var probeKernel = new Option<FileInfo?>("--probe-kernel") { Description = "Kernel to try KVM with; default: the one this PC runs, in /boot.", HelpName = "FILE" };
        var probeInitrd = new Option<FileInfo?>("--probe-initrd") { Description = "Initrd that prints CAISSON-TINY-UP; without one the kernel's own first line counts.", HelpName = "FILE" };
        var json = new Option<bool>("--json-log") { Description = "Log as JSON, one object a line." };
        var media = new Option<DirectoryInfo[]>("--media") { Description = "Folder under which media with an image store appear, for example /run/media; may be given again.", HelpName = "DIR" };
        var cache = new Option<string?>("--site-cache") { Description = "Caching proxy of this site, asked before the server.", HelpName = "URL" };
        var credentials = new Option<FileInfo?>("--registry-credentials") { Description = "File as 'docker login' writes it, for registries the server names.", HelpName = "FILE" };
        var registryCa = new Option<FileInfo?>("--registry-ca") { Description = "PEM of the CAs of those registries, where this PC does not know them.", HelpName = "FILE" };
        var appliance = new Option<DirectoryInfo?>("--appliance-state") { Description = "On the appliance: folder in which root keeps what it knows of its versions.", HelpName = "DIR" };
        var kernel = new Option<FileInfo?>("--direct-kernel") { Hidden = true };
        var initrd = new Option<FileInfo?>("--direct-initrd") { Hidden = true };
        var append = new Option<string>("--direct-append") { Hidden = true, DefaultValueFactory = _ => "" };
        var command = new Command("run", "Run this PC's workspaces until stopped.") { Data, runDir, port, pageSocket, leave, probeKernel, probeInitrd, json, media, cache, credentials, registryCa, appliance, kernel, initrd, append };
        command.SetAction((p, _) => RunVerb.RunAsync(new RunOptions
        {
            DataFolder = p.GetRequiredValue(Data).FullName,
            RunFolder = p.GetValue(runDir)?.FullName,
            LocalPort = p.GetValue(port),
            PageSocket = p.GetValue(pageSocket)?.FullName,
            LeaveRunning = p.GetValue(leave),
            JsonLog = p.GetValue(json),
            ApplianceState = p.GetValue(appliance)?.FullName,
            Sources = new SourceOptions
            {
                Media = [.. (p.GetValue(media) ?? []).Select(folder => folder.FullName)],
                SiteCache = p.GetValue(cache) is { } address ? SourceOptions.ParseSiteCache(address) : null,
                RegistryCredentials = p.GetValue(credentials)?.FullName,
                RegistryCa = p.GetValue(registryCa)?.FullName,
            },
            Probe = Probe(p.GetValue(probeKernel), p.GetValue(probeInitrd)),
            Firmware = p.GetValue(kernel) is { } direct ? new Firmware.DirectKernel(direct.FullName, p.GetValue(initrd)?.FullName, p.GetValue(append)!) : new Firmware.Uefi(),
        }));
        return command;
    }

    private static ProbeKernel? Probe(FileInfo? kernel, FileInfo? initrd) => (kernel, initrd) switch
    {
        (null, _) => null,
        (_, null) => ProbeKernel.Stock(kernel.FullName),
        _ => new ProbeKernel(kernel.FullName, initrd.FullName, "CAISSON-TINY-UP") { CommandLine = "console=ttyS0 quiet panic=-1" },
    };

    private static Command Status()
    {
        var json = new Option<bool>("--json") { Description = "As JSON, for scripts." };
        var command = new Command("status", "Say how this PC and its workspaces are.") { Data, json };
        command.SetAction(p => StatusVerb.Run(p.GetRequiredValue(Data).FullName, p.GetValue(json)));
        return command;
    }

    private static Command Link()
    {
        var command = new Command("link", "Make a link to this PC's own page, good once and for ten minutes.") { Data };
        command.SetAction(p => LinkVerb.Run(p.GetRequiredValue(Data).FullName));
        return command;
    }

    /// <summary>Run by the appliance's own units as root; the defaults are its paths.</summary>
    private static Command Appliance()
    {
        var state = new Option<string>("--state") { DefaultValueFactory = _ => "/var/lib/caisson/appliance", Description = "Root's own folder on the data partition.", HelpName = "DIR" };
        var esp = new Option<string>("--esp") { DefaultValueFactory = _ => "/boot", Description = "Where the EFI system partition is mounted.", HelpName = "DIR" };
        var data = new Option<string>("--data") { DefaultValueFactory = _ => "/var/lib/caissond", Description = "caissond's folder.", HelpName = "DIR" };
        var certificate = new Option<string>("--certificate") { DefaultValueFactory = _ => "/usr/lib/caisson/db.crt", Description = "Certificate of the key that signs kernels.", HelpName = "FILE" };
        var healthy = new Option<int>("--healthy-seconds") { DefaultValueFactory = _ => 600, Description = "How long a new version must do well.", HelpName = "N" };
        var contact = new Option<int>("--contact-seconds") { DefaultValueFactory = _ => 300, Description = "How soon it must reach the control plane.", HelpName = "N" };
        ApplianceOptions Options(ParseResult p) => new(p.GetValue(state)!, p.GetValue(esp)!, p.GetValue(data)!, p.GetValue(certificate)!);

        var update = new Command("update", "Note how earlier versions did, and write the offered one into the slot that is not in use.") { state, esp, data, certificate };
        update.SetAction((p, ct) => UpdateVerb.RunAsync(Options(p), TimeProvider.System, ct));
        var trial = new Command("trial", "Watch a new version until it is good or bad.") { state, esp, data, healthy, contact };
        trial.SetAction((p, ct) => TrialVerb.RunAsync(Options(p), new TrialLimits(TimeSpan.FromSeconds(p.GetValue(healthy)), TimeSpan.FromSeconds(p.GetValue(contact))), TimeProvider.System, ct));
        return new Command("appliance", "Versions of the system itself: for the appliance's own units, as root.") { update, trial };
    }

    private static Command Filling()
    {
        var command = new Command("filling", "Hold the fetching of disk images in the background, or let it go on. What a running workspace reads is never held.")
        {
            Switch("pause", "Fetch nothing in the background until told to go on; also after a restart.", isPaused: true),
            Switch("resume", "Go on.", isPaused: false),
        };
        return command;

        static Command Switch(string name, string description, bool isPaused)
        {
            var verb = new Command(name, description) { Data };
            verb.SetAction(p => FillingVerb.Run(p.GetRequiredValue(Data).FullName, isPaused));
            return verb;
        }
    }
}
