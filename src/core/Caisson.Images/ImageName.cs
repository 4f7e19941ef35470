using System.Text.RegularExpressions;

namespace Caisson.Images;

/// <summary>Names of images; they become OCI repository names and parts of addresses.</summary>
public static partial class ImageName
{
    /// <summary>Generations of one image are numbered from 1 to this.</summary>
    public const int MostGenerations = 999_999;

    public static bool IsValid(string name) => name.Length <= 64 && Shape.IsMatch(name);

    /// <exception cref="ImageStoreException">Bad input: not a name.</exception>
    public static void Check(string name)
    {
        if (!IsValid(name))
        {
            throw new ImageStoreException(ImageStoreError.BadInput, $"'{name}' cannot be an image's name. Use 1 to 64 of a-z, 0-9, dot, dash and underscore, beginning and ending with a letter or digit, marks one at a time.");
        }
    }

    [GeneratedRegex(@"\A[a-z0-9]+([._-][a-z0-9]+)*\z", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Shape { get; }
}
