using System.CommandLine;
using Caisson.Cli.Server;
using Caisson.Images;

namespace Caisson.Cli.Store;

internal static class ImportVerb
{
    public static Command Create()
    {
        var store = new Option<string>("--store") { Description = "Directory of the store; made if it is new", Required = true };
        var name = new Option<string>("--name") { Description = "Image; the import becomes its next generation", Required = true };
        var format = new Option<ImageFormat?>("--format") { Description = "raw, qcow2, vmdk or vhdx; read from the header unless given" };
        var trim = FreeSpaceReport.TrimOption();
        var level = new Option<int>("--compression-level") { Description = "zstd level, 1 to 19; 0 stores the disk as it is", DefaultValueFactory = _ => 3 };
        level.Validators.Add(result =>
        {
            if (result.GetValue(level) is < 0 or > 19)
            {
                result.AddError("--compression-level takes 0 to 19.");
            }
        });
        var file = new Argument<string>("file") { Description = "Disk image" };
        var command = new Command("import", "Take a disk image into a store as the next generation of its name. One that was killed goes on where it stood when it is repeated") { store, name, format, trim, level, file, StoreCommand.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            var started = TimeProvider.System.GetTimestamp();
            var progress = new ProgressLine();
            var request = new ImportRequest { File = parsed.GetValue(file)!, Name = parsed.GetValue(name)!, Format = parsed.GetValue(format), Trim = parsed.GetValue(trim), CompressionLevel = parsed.GetValue(level) };
            var stored = await ImageStore.Open(parsed.GetValue(store)!).ImportAsync(request, TimeProvider.System, progress, cancel);
            progress.Finish();
            FreeSpaceReport.Write(stored.FreeSpace);
            var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
            if (parsed.GetValue(StoreCommand.Json))
            {
                Output.Json(new ImportResult(stored.Name, stored.Number, stored.ManifestDigest, stored.ImageBytes, stored.StoredBytes, stored.AddedBytes ?? 0, stored.ChunkCount, stored.ResumedBytes, stored.StaleBytes, stored.FreeSpace?.StaleStoredBytes ?? 0, stored.FreeSpace?.LeftOutBytes, seconds), StoreJson.Default.ImportResult);
                return;
            }

            if (stored.ResumedBytes > 0)
            {
                Console.Out.WriteLine($"Went on after {Output.Size(stored.ResumedBytes)}, where an import of this file had been interrupted.");
            }

            Console.Out.WriteLine($"{stored}: {Output.Size(stored.ImageBytes)} of disk in {Output.Size(stored.StoredBytes)}, of which {Output.Size(stored.AddedBytes ?? 0)} are new.");
        });
        return command;
    }
}
