using Caisson.Demo;
using Caisson.Demo.Check;
using Caisson.Demo.Hosts;

// `./dev up`: starts the built executables as processes, as an administrator would. It is no part of the product.
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true; // the machines are stopped first
    stop.Cancel();
};
using var terminated = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGTERM, context =>
{
    context.Cancel = true;
    stop.Cancel();
});

try
{
    if (args is [] || args.Contains("--help", StringComparer.Ordinal))
    {
        Console.WriteLine(Options.Usage);
        return 0;
    }

    var options = Options.Parse(args[1..]);
    var apps = new Apps(Environment.GetEnvironmentVariable("CAISSON_APPS") ?? throw new FormatException("Start this with ./dev up."));
    var checkout = Environment.GetEnvironmentVariable("CAISSON_CHECKOUT") ?? Environment.CurrentDirectory;
    var progress = new Progress(TimeProvider.System);
    if (options.Check)
    {
        return await new CheckRun(options, apps, checkout, progress, TimeProvider.System).RunAsync(stop.Token) ? 0 : 1;
    }

    await new Up(options, apps, checkout, progress, TimeProvider.System).RunAsync(stop.Token);
    return 0;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    await Console.Error.WriteLineAsync("Stopped.");
    return 0;
}
catch (FormatException e)
{
    await Console.Error.WriteLineAsync($"{e.Message}\n\n{Options.Usage}");
    return 2;
}
catch (Exception e) when (e is CommandFailedException or TimeoutException or IOException)
{
    await Console.Error.WriteLineAsync($"caisson: {e.Message}");
    return 1;
}
