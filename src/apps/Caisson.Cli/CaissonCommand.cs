using System.CommandLine;
using Caisson.Cli.Install;
using Caisson.Cli.Probe;
using Caisson.Cli.Server;
using Caisson.Cli.Store;

namespace Caisson.Cli;

/// <summary>All that <c>caisson</c> understands.</summary>
internal static class CaissonCommand
{
    /// <summary>Commands that talk to a server come first, in the order of an administrator's day; <c>store</c>, <c>probe</c> and <c>install</c> need no server at all.</summary>
    public static RootCommand Create() => new("Caisson: master images, generations and the PCs that run them. Exit codes: 0 ok, 2 usage, 3 bad input, 4 damaged, 5 no space.")
    {
        ConnectionOptions.Server,
        ConnectionOptions.TokenFile,
        ImageCommand.Create(),
        SourceCommand.Create(),
        GroupCommand.Create(),
        AssignmentCommand.Create(),
        PcCommand.Create(),
        WorkspaceCommand.Create(),
        EnrolmentCommand.Create(),
        ActivityCommand.Create(),
        PingCommand.Create(),
        ServerCommand.Create(),
        StoreCommand.Create(),
        ProbeCommand.Create(),
        InstallCommand.Create(),
    };

    /// <summary>Runs one command line to its exit code.</summary>
    public static Task<int> RunAsync(string[] arguments) => Failures.RunAsync(Create(), arguments);
}
