using System.CommandLine;

namespace Caisson.Cli.Store;

/// <summary><c>caisson store</c>: image stores on this machine, with no server.</summary>
internal static class StoreCommand
{
    internal static readonly Option<bool> Json = new("--json") { Description = "Print one JSON object" };

    public static Command Create() => new("store", "Image stores on this machine; no server needed")
    {
        ImportVerb.Create(),
        ListVerb.Create(),
        ExportVerb.Create(),
        ServeVerb.Create(),
        DiffVerb.Create(),
        DeltaVerb.Create(),
        ApplyVerb.Create(),
        CheckVerb.Create(),
        CopyVerb.Create(),
        RepairVerb.Create(),
        RemoveVerb.Create(),
        GarbageVerb.Create(),
    };

    internal static Option<string> StoreOption() => new("--store") { Description = "Directory of the store", Required = true };
}
