using System.Globalization;

namespace Caisson.Demo;

/// <summary>What <c>./dev up</c> was asked.</summary>
internal sealed record Options
{
    public const string Usage = """
        Usage: ./dev up [--check] [--data DIR] [--port N] [--endpoint-port N]

          --data DIR           where everything is kept; a second run on the same folder starts in seconds
          --port N             console, portal and API for people: http://localhost:N   (default 8480)
          --endpoint-port N    enrolment, desired state and images for PCs             (default 8443)
          --check              run without a person: two hosts, two generations, proofs; prints one JSON object
        """;

    public required string Data { get; init; }

    public bool Check { get; init; }

    public int Port { get; init; } = 8480;

    public int EndpointPort { get; init; } = 8443;

    /// <exception cref="FormatException">A word that is not an option, or a value that does not fit.</exception>
    public static Options Parse(IReadOnlyList<string> arguments)
    {
        var options = new Options { Data = "" };
        for (var i = 0; i < arguments.Count; i++)
        {
            var (name, inline) = arguments[i].Split('=', 2) is [var left, var right] ? (left, right) : (arguments[i], null);
            string Value() => inline ?? (++i < arguments.Count ? arguments[i] : throw new FormatException($"{name} needs a value."));
            options = name switch
            {
                "--check" => options with { Check = true },
                "--data" => options with { Data = Path.GetFullPath(Value()) },
                "--port" => options with { Port = ParsePort(name, Value()) },
                "--endpoint-port" => options with { EndpointPort = ParsePort(name, Value()) },
                _ => throw new FormatException($"'{name}' is not an option of ./dev up."),
            };
        }

        return options.Data.Length > 0 ? options : throw new FormatException("--data DIR is missing.");
    }

    private static int ParsePort(string name, string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536
            ? port
            : throw new FormatException($"{name} {text}: a port is a number from 1 to 65535.");
}
