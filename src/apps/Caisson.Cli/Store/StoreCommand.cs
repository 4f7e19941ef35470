using System.CommandLine;

namespace Caisson.Cli.Store;

internal static class StoreCommand
{
    public static Command Create() => new("store", "Image stores on this machine; no server needed");
}
