using System.Text;
using System.Text.RegularExpressions;

namespace Caisson.Architecture.Tests;

/// <summary>What a checkout may carry.</summary>
public sealed partial class TreeTests
{
    private const long MostBinaryBytes = 1 << 20;

    [Fact]
    public void No_file_names_a_folder_of_the_machine_it_was_written_on() =>
        Assert.Empty(
            from file in Repository.Files
            where !IsBinary(file, out _)
            from Match match in MachinePath().Matches(Repository.Read(file))
            select $"{file}: {match.Value}");

    [Fact]
    public void No_binary_is_larger_than_a_mebibyte() =>
        Assert.DoesNotContain(Repository.Files, f => IsBinary(f, out var size) && size > MostBinaryBytes);

    [Fact]
    public void The_root_stays_a_page_a_person_can_read() =>
        Assert.InRange(new DirectoryInfo(Repository.Root).EnumerateFileSystemInfos().Count(e => !e.Name.StartsWith('.') && e.Name is not ("artifacts" or "TestResults")), 1, 24);

    /// <summary>As git decides it: a zero byte near the beginning.</summary>
    private static bool IsBinary(string file, out long size)
    {
        using var stream = File.OpenRead(Repository.Full(file));
        size = stream.Length;
        var head = new byte[8000];
        return head.AsSpan(0, stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)).Contains((byte)0);
    }

    /// <summary>
    /// Homes of people and the folders build machines use. Inside a guest image a home is the guest's own, and the user's there is
    /// called "user"; written in pieces so that this file does not find itself.
    /// </summary>
    [GeneratedRegex(@"(?<![\w.}$/-])(/(work)/(main|wt|shared|src|repo)|/(home)/(?!user\b)\w+|/(Users)/\w+|/(root)/\w|[A-Z]:\\(Users)\\)", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex MachinePath();
}
