// Fills an image from a store as caissond does, in a process of its own whose power may be cut: STORE DIGEST IMAGE-DIRECTORY [SEED-DIRECTORY].
// What it says on standard output has been promised: "opened", "complete".
using Caisson.Crash.Filler;
using Caisson.Images;

if (args is not [var store, var digest, var directory, ..])
{
    await Console.Error.WriteLineAsync("Usage: caisson-test-filler STORE DIGEST IMAGE-DIRECTORY [SEED-DIRECTORY]");
    return 2;
}

var source = new SlowSource(new DirectoryBlobSource(ImageStore.Open(store)));
var seed = args.Length > 3 ? args[3] : null;
await using var image = await SelfFillingImage.OpenAsync(directory, digest, source, seed, new HastyTime(), null, CancellationToken.None);
await Console.Out.WriteLineAsync("opened");
if (seed is not null)
{
    await image.PrepareFromDeltaAsync(seed, () => null, CancellationToken.None);
}

await image.FillAsync(() => null, CancellationToken.None);
await Console.Out.WriteLineAsync("complete");
return 0;
