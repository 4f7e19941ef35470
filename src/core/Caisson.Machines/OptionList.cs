namespace Caisson.Machines;

/// <summary>QEMU options in order. Values are written by <see cref="Add"/> alone, so that no path or name can smuggle in a second property.</summary>
internal sealed class OptionList
{
    private readonly List<QemuOption> _options = [];

    public IReadOnlyList<QemuOption> Options => _options;

    public void Add(string flag) => _options.Add(new QemuOption(flag, null));

    /// <summary>For flags whose value is taken as it is, commas and all (-kernel, -append, -uuid …).</summary>
    public void AddVerbatim(string flag, string value) => _options.Add(new QemuOption(flag, value));

    /// <summary>QEMU reads a doubled comma in a value as one comma and no separator.</summary>
    public void Add(string flag, string first, params ReadOnlySpan<(string Name, string Value)> properties)
    {
        var value = first;
        foreach (var (name, propertyValue) in properties)
        {
            value += (value.Length == 0 ? "" : ",") + name + "=" + propertyValue.Replace(",", ",,", StringComparison.Ordinal);
        }

        _options.Add(new QemuOption(flag, value));
    }
}

/// <summary>One option as a person would write it: a flag and, for most, one value.</summary>
public readonly record struct QemuOption(string Flag, string? Value)
{
    public override string ToString() => Value is null ? Flag : $"{Flag} {Value}";
}
