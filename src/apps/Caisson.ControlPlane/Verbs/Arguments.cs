namespace Caisson.ControlPlane.Verbs;

/// <summary>
/// The few arguments of a verb: <c>--name value</c>, <c>--flag</c>, and plain words. Every argument must be taken by the verb; one that
/// is left over is a usage error.
/// </summary>
internal sealed class Arguments(IEnumerable<string> args)
{
    private readonly List<string> _left = [.. args];

    public string? Option(string name)
    {
        var at = _left.IndexOf("--" + name);
        if (at < 0)
        {
            return null;
        }

        if (at + 1 >= _left.Count || _left[at + 1].StartsWith("--", StringComparison.Ordinal))
        {
            throw new VerbException(ExitCode.Usage, $"--{name} needs a value.");
        }

        var value = _left[at + 1];
        _left.RemoveRange(at, 2);
        return value;
    }

    public string Required(string name) => Option(name) ?? throw new VerbException(ExitCode.Usage, $"--{name} is missing.");

    public bool Flag(string name) => _left.Remove("--" + name);

    public int Number(string name, int otherwise) => Option(name) is not { } text ? otherwise
        : int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number
        : throw new VerbException(ExitCode.Usage, $"--{name} '{text}' is not a whole number.");

    public Uri Url(string name) => Uri.TryCreate(Required(name) is var text ? text : null, UriKind.Absolute, out var url) ? url
        : throw new VerbException(ExitCode.Usage, $"--{name} '{text}' is not a URL.");

    /// <summary>The first plain word; call it after all options are taken.</summary>
    public string Word(string what)
    {
        var at = _left.FindIndex(a => !a.StartsWith("--", StringComparison.Ordinal));
        if (at < 0)
        {
            throw new VerbException(ExitCode.Usage, $"{what} is missing.");
        }

        var word = _left[at];
        _left.RemoveAt(at);
        return word;
    }

    public void End()
    {
        if (_left.Count > 0)
        {
            throw new VerbException(ExitCode.Usage, $"'{_left[0]}' is not understood here.");
        }
    }
}
