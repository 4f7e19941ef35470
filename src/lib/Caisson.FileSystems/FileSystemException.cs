namespace Caisson.FileSystems;

/// <summary>Why something on a disk was not read.</summary>
public enum FileSystemFault
{
    /// <summary>Numbers on the disk contradict each other or point outside it.</summary>
    Damaged,

    /// <summary>The disk is as it should be, but uses what is not read here.</summary>
    NotSupported,

    /// <summary>It is larger than what is looked at; see <see cref="ReadLimits"/>.</summary>
    TooLarge,
}

/// <summary>
/// The one exception of this library: whatever bytes a disk holds, reading it ends in an answer or in this. (What the disk itself throws
/// when its bytes cannot be had passes through.) The message is a sentence about the disk, without its name.
/// </summary>
public sealed class FileSystemException(FileSystemFault fault, string message) : Exception(message)
{
    public FileSystemFault Fault { get; } = fault;

    internal static FileSystemException Damaged(string message) => new(FileSystemFault.Damaged, message);

    internal static FileSystemException NotSupported(string message) => new(FileSystemFault.NotSupported, message);

    internal static FileSystemException TooLarge(string message) => new(FileSystemFault.TooLarge, message);
}
