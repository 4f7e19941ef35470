namespace Caisson.Machines;

/// <summary>Why a machine could not do what was asked; the message is a sentence for people.</summary>
public sealed class MachineException : Exception
{
    public MachineException(MachineError error, string message, Exception? inner = null)
        : base(message, inner)
    {
        Error = error;
    }

    public MachineError Error { get; }
}

public enum MachineError
{
    /// <summary>QEMU, swtpm, qemu-img or firmware is not installed.</summary>
    Missing,

    /// <summary>QEMU is older than 7.2.</summary>
    TooOld,

    /// <summary>A path is too long or lies where it cannot work.</summary>
    BadPath,

    /// <summary>The workspace has a running process already: adopt it.</summary>
    AlreadyRunning,

    /// <summary>A kept os volume was made over another base.</summary>
    WrongBase,

    /// <summary>A volume could not be made or opened.</summary>
    Volume,

    /// <summary>QEMU or swtpm ended or did not answer during the start.</summary>
    StartFailed,

    /// <summary>The machine's present state does not allow the request.</summary>
    Denied,

    /// <summary>The guest was asked to shut down, did not within its time, and runs on.</summary>
    NotShutDown,

    /// <summary>QEMU refused a command or went away during it.</summary>
    CommandFailed,
}
