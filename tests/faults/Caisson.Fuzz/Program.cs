// What `./dev test fuzz` runs: list | seeds DIR | run PARSER (under afl-fuzz) | replay PARSER FILE…
using System.Runtime.InteropServices;
using Caisson.Fuzz;

const int TraceBytes = 1 << 16;

// Code that SharpFuzz has instrumented counts its branches here from its first line on: seeds are made before a fuzzer gives it its own memory, or with none.
unsafe
{
    SharpFuzz.Common.Trace.SharedMem = (byte*)NativeMemory.AllocZeroed(TraceBytes);
}

switch (args)
{
    case ["list"]:
        Parsers.All.ForEach(parser => Console.WriteLine(parser.Name));
        return 0;
    case ["seeds", var folder]:
        await Seeds.WriteAsync(folder);
        return 0;
    case ["run", var name]:
        var fuzzed = Parsers.Named(name);
        SharpFuzz.Fuzzer.Run((Stream stream) =>
        {
            using var memory = new MemoryStream();
            stream.CopyTo(memory);
            fuzzed.Parse(memory.ToArray());
        });
        return 0;
    case ["replay", var name, .. var files]:
        foreach (var file in files)
        {
            Console.WriteLine(file);
            Parsers.Named(name).Parse(await File.ReadAllBytesAsync(file));
        }

        return 0;
    default:
        await Console.Error.WriteLineAsync("Usage: caisson-fuzz list | seeds DIR | run PARSER | replay PARSER FILE…");
        return 2;
}
