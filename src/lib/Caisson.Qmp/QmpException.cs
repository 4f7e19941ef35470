namespace Caisson.Qmp;

/// <summary>Why a QMP command has no answer.</summary>
public enum QmpErrorClass
{
    /// <summary>QEMU refused the command; see <see cref="QmpException.QemuClass"/>.</summary>
    Refused,

    /// <summary>QEMU ended or closed the connection.</summary>
    ConnectionLost,

    /// <summary>What came is not QMP.</summary>
    Protocol,

    /// <summary>A line passed <see cref="QmpClient.LongestLine"/>.</summary>
    LineTooLong,
}

/// <summary>A QMP command failed, or the connection did.</summary>
public sealed class QmpException : Exception
{
    public QmpException(QmpErrorClass @class, string message, string? qemuClass = null, Exception? inner = null)
        : base(message, inner)
    {
        Class = @class;
        QemuClass = qemuClass;
    }

    public QmpErrorClass Class { get; }

    /// <summary>QEMU's own error class, for example "CommandNotFound"; only for <see cref="QmpErrorClass.Refused"/>.</summary>
    public string? QemuClass { get; }
}
