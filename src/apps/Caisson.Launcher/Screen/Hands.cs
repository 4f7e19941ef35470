namespace Caisson.Launcher.Screen;

/// <summary>What the person does, carried to the guest: keys that are let go somewhere else are let go here too, a held key repeats.</summary>
internal sealed class Hands : IDisposable
{
    private static readonly TimeSpan BeforeRepeat = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan BetweenRepeats = TimeSpan.FromMilliseconds(33);

    private readonly RfbClient client;
    private readonly Lock gate = new();
    private readonly HashSet<byte> held = [];
    private readonly ITimer repeat;
    private byte? repeated;

    public Hands(RfbClient client, TimeProvider time)
    {
        this.client = client;
        repeat = time.CreateTimer(_ => Repeat(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Do(WindowInput input)
    {
        lock (gate)
        {
            try
            {
                Carry(input);
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                // The display went away; its reader sees that too.
            }
        }
    }

    public void Dispose() => repeat.Dispose();

    private void Carry(WindowInput input)
    {
        switch (input)
        {
            case WindowInput.Key(var code, true):
                held.Add(code);
                client.Key(code, down: true);
                RepeatFromNow(code);
                break;
            case WindowInput.Key(var code, false) when held.Remove(code): // One pressed elsewhere is let go elsewhere.
                client.Key(code, down: false);
                if (repeated == code)
                {
                    RepeatFromNow(null);
                }

                break;
            case WindowInput.Pointer(var x, var y, var buttons, var clicks):
                client.Pointer(x, y, buttons);
                foreach (var click in clicks)
                {
                    client.Pointer(x, y, (byte)(buttons | click));
                    client.Pointer(x, y, buttons);
                }

                break;
            case WindowInput.Away:
                RepeatFromNow(null);
                foreach (var code in held)
                {
                    client.Key(code, down: false);
                }

                held.Clear();
                break;
            default:
                break;
        }
    }

    private void RepeatFromNow(byte? code)
    {
        repeated = code;
        repeat.Change(code is null ? Timeout.InfiniteTimeSpan : BeforeRepeat, BetweenRepeats);
    }

    private void Repeat()
    {
        lock (gate)
        {
            if (repeated is not { } code)
            {
                return;
            }

            try
            {
                client.Key(code, down: true);
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                repeated = null;
            }
        }
    }
}
