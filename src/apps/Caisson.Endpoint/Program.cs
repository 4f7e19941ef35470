using Caisson.Endpoint.Verbs;

try
{
    // caissond run ends itself at a signal, in its own time; nobody may cut its machines' shutdown short.
    return await CommandLine.Build().Parse(args).InvokeAsync(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
}
catch (Exception e) when (Failure.Of(e) is { } failure)
{
    await Console.Error.WriteLineAsync($"caissond: {failure.Sentence}");
    return failure.ExitCode;
}
