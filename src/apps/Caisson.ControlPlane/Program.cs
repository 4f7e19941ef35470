using Caisson.ControlPlane;
using Caisson.ControlPlane.Verbs;

const string Help = """
    caisson-server: Caisson's control plane

      init          --data DIR --url http://localhost:PORT --endpoint-url https://HOST:PORT [--poll SECONDS] [--listen-any]
                    [--certificate FILE --certificate-key FILE]   (needed when --url is https)
      run           --data DIR            until Ctrl-C
      sign-in-link  --data DIR            print a one-time link into the console
      api-token     --data DIR [--name N] print a new API token
      backup        --data DIR FILE [--with-blobs]   beside a running server or without one
      restore       --data DIR FILE       into an empty folder
      site-cache    --data DIR --name N --host HOST --out FOLDER | --data DIR --name N --revoke   files for a caching proxy
      check         --data DIR            compare every byte of the store with its digest; exit code 4 if any is wrong
      repair        --data DIR [--from STORE]   put damaged and missing blobs back from another store's folder
      gc            --data DIR [--dry-run]      free what no generation needs
                    (all three beside a running server or without one)
      rotate-ca     --data DIR [--distrust-old]   with the server stopped; a new CA, or (a day later) an end of trust in the earlier ones

    """;

using var stopping = new CancellationTokenSource();
var arguments = new Arguments(args.Skip(1));
try
{
    Task? verb = args.FirstOrDefault() switch
    {
        "init" => ServerVerbs.InitAsync(arguments, TimeProvider.System, stopping.Token),
        "run" => ServerVerbs.RunAsync(arguments, TimeProvider.System, stopping.Token),
        "sign-in-link" => ServerVerbs.SignInLinkAsync(arguments, TimeProvider.System, stopping.Token),
        "api-token" => ServerVerbs.ApiTokenAsync(arguments, TimeProvider.System, stopping.Token),
        "backup" => BackupVerb.RunAsync(arguments, TimeProvider.System, stopping.Token),
        "restore" => RestoreVerb.RunAsync(arguments, TimeProvider.System, stopping.Token),
        "site-cache" => SiteCacheVerb.RunAsync(arguments, TimeProvider.System),
        "check" => StoreVerbs.CheckAsync(arguments, TimeProvider.System, stopping.Token),
        "repair" => StoreVerbs.RepairAsync(arguments, TimeProvider.System, stopping.Token),
        "gc" => StoreVerbs.CollectGarbageAsync(arguments, TimeProvider.System, stopping.Token),
        "rotate-ca" => ServerVerbs.RotateAuthorityAsync(arguments, TimeProvider.System, stopping.Token),
        _ => null,
    };
    if (verb is not null)
    {
        await verb;
        return ExitCode.Ok;
    }

    var asked = args.FirstOrDefault() is "help" or "--help" or "-h";
    await (asked ? Console.Out : Console.Error).WriteAsync(Help);
    return asked ? ExitCode.Ok : ExitCode.Usage;
}
catch (Exception e) when (Faults.Explain(e) is not null)
{
    var (exitCode, sentence) = Faults.Explain(e)!.Value;
    await Console.Error.WriteLineAsync($"caisson-server: {sentence}");
    return exitCode;
}
