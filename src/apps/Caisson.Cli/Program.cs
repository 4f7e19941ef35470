using System.CommandLine;
using Caisson.Cli;
using Caisson.Cli.Server;
using Caisson.Cli.Store;

// Commands that talk to a server come first, in the order of an administrator's day; `store` needs no server at all.
var root = new RootCommand("Caisson: master images, generations and the PCs that run them. Exit codes: 0 ok, 2 usage, 3 bad input, 4 damaged, 5 no space.")
{
    ConnectionOptions.Server,
    ConnectionOptions.TokenFile,
    ImageCommand.Create(),
    GroupCommand.Create(),
    AssignmentCommand.Create(),
    PcCommand.Create(),
    WorkspaceCommand.Create(),
    EnrolmentCommand.Create(),
    ActivityCommand.Create(),
    PingCommand.Create(),
    ServerCommand.Create(),
    StoreCommand.Create(),
};
return await Failures.RunAsync(root, args);
