using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net.Http.Headers;
using Caisson.Chunks;
using Caisson.Cli.Server;
using Caisson.Images;

namespace Caisson.Cli;

/// <summary>Turns what went wrong into one sentence on standard error and the exit code the README promises.</summary>
internal static class Failures
{
    private const int Usage = 2;
    private const int BadInput = 3;
    private const int Damaged = 4;
    private const int NoSpace = 5;

    // errno of a full disk, of a quota that is used up, and of a file above the size it may have; .NET gives them as HResult.
    private static readonly int[] NoSpaceErrors = [28, 122, 27];

    public static async Task<int> RunAsync(RootCommand root, string[] arguments)
    {
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            await Console.Error.WriteLineAsync($"caisson: {parsed.Errors[0].Message.ReplaceLineEndings(" ")} '{Path(parsed)} --help' shows what it takes.");
            return Usage;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception e) when (Explain(e) is { } known)
        {
            await Console.Error.WriteLineAsync($"caisson: {known.Sentence}");
            return known.ExitCode;
        }
    }

    /// <summary>The command as far as it was understood, for example <c>caisson store import</c>.</summary>
    private static string Path(ParseResult parsed)
    {
        var words = new Stack<string>();
        for (SymbolResult? symbol = parsed.CommandResult; symbol is CommandResult { Parent: not null } command; symbol = command.Parent)
        {
            words.Push(command.Command.Name);
        }

        return string.Join(' ', words.Prepend("caisson"));
    }

    private static (string Sentence, int ExitCode)? Explain(Exception e) => e switch
    {
        ApiException api => (api.Message, BadInput),
        ImageStoreException { Error: ImageStoreError.Damaged } store => (store.Message, Damaged),
        ImageStoreException { Error: ImageStoreError.NoSpace } store => (store.Message, NoSpace),
        ImageStoreException store => (store.Message, BadInput),
        ChunkException chunk => (chunk.Message, Damaged),
        BlobSourceException source => (source.Message, BadInput),
        HttpRequestException http => ($"The server did not answer: {http.Message}. Is it running, and is --server right?", BadInput),
        IOException io when NoSpaceErrors.Contains(io.HResult) => ($"The disk is full: {io.Message} Free some space and try again.", NoSpace),
        IOException io => (io.Message, BadInput),
        UnauthorizedAccessException access => (access.Message, BadInput),
        OperationCanceledException { InnerException: TimeoutException } => ("The server did not answer in time. Look whether it is overloaded, then try again.", BadInput),
        OperationCanceledException => ("Stopped.", 130),
        _ => null,
    };
}
