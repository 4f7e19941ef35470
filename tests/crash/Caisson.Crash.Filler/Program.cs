// Does what caissond and caisson do, in a process of its own whose power may be cut, and says more often than they how far it has come:
//   fill STORE DIGEST IMAGE-DIRECTORY [SEED-DIRECTORY]    on a slow line, with twenty times as many checkpoints
//   import STORE FILE                                     with a state to go on from after every pack
//   apply OLD DELTA OUT                                   with a checkpoint every millisecond
// What it says on standard output has been promised: "opened", "complete".
using Caisson.Crash.Filler;
using Caisson.Images;

switch (args)
{
    case ["fill", var store, var digest, var directory, .. var seeds]:
        await FillAsync(new SlowSource(new DirectoryBlobSource(ImageStore.Open(store))), digest, directory, seeds is [var seed] ? seed : null);
        return 0;
    case ["import", var store, var file]:
        await ImageStore.Open(store).ImportAsync(new ImportRequest { File = file, Name = "work", Format = ImageFormat.Raw, CommitBytes = 1 }, TimeProvider.System, null, CancellationToken.None);
        return 0;
    case ["apply", var old, var delta, var target]:
        await RawDelta.ApplyAsync(old, delta, target, new HastyTime(2000), null, CancellationToken.None);
        return 0;
    default:
        await Console.Error.WriteLineAsync("Usage: caisson-test-filler fill STORE DIGEST IMAGE-DIRECTORY [SEED-DIRECTORY] | import STORE FILE | apply OLD DELTA OUT");
        return 2;
}

static async Task FillAsync(IBlobSource source, string digest, string directory, string? seed)
{
    await using var image = await SelfFillingImage.OpenAsync(directory, digest, source, seed, new HastyTime(20), null, CancellationToken.None);
    await Console.Out.WriteLineAsync("opened");
    if (seed is not null)
    {
        await image.PrepareFromDeltaAsync(seed, () => null, CancellationToken.None);
    }

    await image.FillAsync(() => null, CancellationToken.None);
    await Console.Out.WriteLineAsync("complete");
}
