using System.CommandLine;
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

    public static async Task<int> RunAsync(RootCommand root, string[] arguments)
    {
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            await parsed.InvokeAsync();
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

    private static (string Sentence, int ExitCode)? Explain(Exception e) => e switch
    {
        ApiException api => (api.Message, BadInput),
        ImageStoreException { Error: ImageStoreError.Damaged } store => (store.Message, Damaged),
        ImageStoreException { Error: ImageStoreError.NoSpace } store => (store.Message, NoSpace),
        ImageStoreException store => (store.Message, BadInput),
        ChunkException chunk => (chunk.Message, Damaged),
        BlobSourceException source => (source.Message, BadInput),
        HttpRequestException http => ($"The server did not answer: {http.Message}. Is it running, and is --server right?", BadInput),
        IOException io => (io.Message, BadInput),
        UnauthorizedAccessException access => (access.Message, BadInput),
        OperationCanceledException => ("Stopped.", 130),
        _ => null,
    };
}
