using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Caisson.Protocol;

namespace Caisson.Machines;

/// <summary>A clone's host name from its pattern. Always a name that DNS and the guest take, whatever the pattern holds.</summary>
public static partial class HostNames
{
    private const string Alphabet = "abcdefghijkmnpqrstuvwxyz23456789"; // 32 that are not mistaken for each other.

    /// <param name="pattern">See <see cref="GuestSettings.HostName"/>.</param>
    /// <param name="os">Windows takes 15 characters, others 63.</param>
    /// <param name="image">Name of the master image.</param>
    /// <param name="workspace">Id of the workspace.</param>
    /// <param name="pc">Host name of the PC.</param>
    /// <param name="machineId">The clone's own id.</param>
    public static string From(string pattern, GuestOs os, string image, string workspace, string pc, Guid machineId)
    {
        var number = Number(machineId);
        var text = pattern.Replace("{image}", image, StringComparison.Ordinal).Replace("{workspace}", workspace, StringComparison.Ordinal)
            .Replace("{pc}", pc.Split('.')[0], StringComparison.Ordinal).Replace("{n}", number, StringComparison.Ordinal);
        var longest = os == GuestOs.Windows ? 15 : 63;
        var name = NotInNames().Replace(text.ToLowerInvariant(), "-").Trim('-');

        // Cut before the number, which is what makes it this clone's own.
        if (name.Length > longest)
        {
            name = name.EndsWith(number, StringComparison.Ordinal) ? name[..(longest - number.Length - 1)].TrimEnd('-') + "-" + number : name[..longest].TrimEnd('-');
        }

        return name.Length == 0 || name.All(char.IsAsciiDigit) ? "ws-" + number : name;
    }

    /// <summary>Forty bits of the clone's id: two of twenty thousand clones have the same with a chance of one in five thousand.</summary>
    private static string Number(Guid machineId)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"caisson host {machineId}"));
        return string.Create(8, hash, static (letters, bytes) =>
        {
            for (var i = 0; i < letters.Length; i++)
            {
                letters[i] = Alphabet[bytes[i] % Alphabet.Length];
            }
        });
    }

    [GeneratedRegex("[^a-z0-9-]+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex NotInNames();
}
