using System.Runtime.InteropServices;
using Caisson.Images;
using Caisson.Nbd;

namespace Caisson.Bench;

/// <summary>
/// What an endpoint has once an image is here: a self-filling image, full, behind our NBD server. Prints the path of the raw file, so that
/// another server can be given the same one, and serves until it is told to stop.
/// </summary>
internal static class FilledImage
{
    public static async Task ServeAsync(string store, string reference, string folder, string socket)
    {
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            stop.TrySetResult();
        });
        var opened = ImageStore.Open(store);
        var generation = opened.List().First(g => $"{g}" == reference);
        var image = await SelfFillingImage.OpenAsync(folder, generation.ManifestDigest, new DirectoryBlobSource(opened), TimeProvider.System, null, CancellationToken.None);
        await using (image)
        {
            await image.FillAsync(() => null, CancellationToken.None);
            var server = NbdServer.Listen(socket, "", image, new NbdServerOptions { OnDeviceFailure = e => Console.Error.WriteLine(e) });
            await using (server)
            {
                Console.Out.WriteLine(image.ImageFile);
                await stop.Task;
            }
        }
    }
}
