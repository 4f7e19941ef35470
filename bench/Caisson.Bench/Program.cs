using System.Globalization;
using System.Net;
using Caisson.Bench;
using Caisson.Bench.Report;

// What the scripts of bench/ cannot say in bash. `./dev bench` is the front door.
const string Usage = """
    caisson-bench strip IN OUT                            a copy without its blocks of zeros
    caisson-bench twice IN OUT                            a disk of twice the size and twice the work
    caisson-bench speed IMAGE [LEVEL]                     what SHA-256 and zstd do on this image's data, bytes per CPU second
    caisson-bench serve STORE IMAGE@GEN FOLDER SOCKET     fill an image file from a store and serve it over NBD until SIGTERM
    caisson-bench line LISTEN TARGET MILLISECONDS         pass TCP on, as over a line with this round trip
    caisson-bench boot NAME STATUS ACCESS-LOG             seconds and bytes to the first heartbeat; exit code 3 before there is one
    caisson-bench report images|serve|boot RESULTS [DOCS] table, goals and JSON of the results; into DOCS where given
    """;
try
{
    switch (args)
    {
        case ["strip", var from, var to]:
            ZeroStripping.Copy(from, to);
            return 0;
        case ["twice", var from, var to]:
            TwiceTheDisk.Make(from, to);
            return 0;
        case ["speed", var image, .. var level]:
            UnitSpeeds.Print(image, level is [var text] ? int.Parse(text, CultureInfo.InvariantCulture) : 3);
            return 0;
        case ["serve", var store, var reference, var folder, var socket]:
            await FilledImage.ServeAsync(store, reference, folder, socket);
            return 0;
        case ["line", var listen, var target, var roundTrip]:
            await SlowLine.RunAsync(IPEndPoint.Parse(listen), IPEndPoint.Parse(target), TimeSpan.FromMilliseconds(int.Parse(roundTrip, CultureInfo.InvariantCulture)));
            return 0;
        case ["boot", var name, var status, var accessLog]:
            return BootFigures.TryPrint(name, status, accessLog) ? 0 : 3;
        case ["report", var kind, var results, .. var docs]:
            return Page.Write(kind, results, docs is [var place] ? place : null);
        default:
            Console.Error.WriteLine(Usage);
            return 2;
    }
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
{
    Console.Error.WriteLine($"caisson-bench: {e.Message}");
    return 1;
}
