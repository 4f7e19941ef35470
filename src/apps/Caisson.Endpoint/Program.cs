using Caisson.Endpoint;
using Caisson.Endpoint.Verbs;
using Caisson.Machines;

try
{
    // caissond run ends itself at a signal, in its own time; nobody may cut its machines' shutdown short.
    return await CommandLine.Build().Parse(args).InvokeAsync(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
}
catch (Exception e) when (e is EndpointException or MachineException or FormatException or IOException or UnauthorizedAccessException)
{
    await Console.Error.WriteLineAsync($"caissond: {e.Message}");
    return e is FormatException ? 3 : 1;
}
