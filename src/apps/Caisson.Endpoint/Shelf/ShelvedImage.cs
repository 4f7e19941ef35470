using Caisson.Endpoint.Reconcile;
using Caisson.Images;
using Caisson.Nbd;
using Caisson.Protocol;

namespace Caisson.Endpoint.Shelf;

/// <summary>One generation served over NBD while it fills itself.</summary>
internal sealed class ShelvedImage(GenerationReference generation, SelfFillingImage image, NbdServer server, DateTimeOffset openedAt) : IAsyncDisposable
{
    public const string ExportName = "os";

    private readonly CancellationTokenSource leaving = new();
    private Task filling = Task.CompletedTask;

    public GenerationReference Generation => generation;

    public string SocketPath => server.SocketPath;

    public string RawFile => image.ImageFile;

    /// <summary>Size of the disk, holes included.</summary>
    public long SizeBytes => image.SizeBytes;

    public FillStatus Status => image.Status;

    /// <summary>The image itself, for those who care for it.</summary>
    public SelfFillingImage Image => image;

    public DateTimeOffset OpenedAt => openedAt;

    /// <summary>What was mended in its file and when; until a machine has started from the new file.</summary>
    public Mending? Mended { get; set; }

    /// <summary>Complete also while what was complete before a power cut is compared: every byte is compared before it is used.</summary>
    public ImageState State => image.Status is var s && (s.IsComplete || (s.UncheckedBytes > 0 && s.PresentBytes == s.ImageBytes)) ? ImageState.Complete : ImageState.Open;

    /// <summary>Begins to fill; <paramref name="fill"/> is cancelled when the image is put away.</summary>
    public void BeginFilling(Func<SelfFillingImage, CancellationToken, Task> fill) => filling = fill(image, leaving.Token);

    public async ValueTask DisposeAsync()
    {
        await leaving.CancelAsync();
        await filling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await server.DisposeAsync(); // Clients wait for it to come back: their NBD nodes have a reconnect delay.
        await image.DisposeAsync();
        leaving.Dispose();
    }
}

/// <summary>A damaged file was replaced.</summary>
internal sealed record Mending(DateTimeOffset At, string Sentence);
