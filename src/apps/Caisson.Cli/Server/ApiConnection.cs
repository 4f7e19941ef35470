using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Caisson.Protocol.Api;

namespace Caisson.Cli.Server;

/// <summary>The server refused a request or cannot be asked; the message is the server's own sentence.</summary>
internal sealed class ApiException(string message) : Exception(message);

/// <summary>The people API over HTTP with a bearer token.</summary>
internal sealed class ApiConnection : IDisposable
{
    public ApiConnection(Uri server, string token)
    {
        Http = new HttpClient { BaseAddress = server, Timeout = TimeSpan.FromMinutes(10) };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>The same client for the registry under /v2.</summary>
    public HttpClient Http { get; }

    public async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancel)
    {
        using var response = await Http.GetAsync(new Uri(path, UriKind.Relative), cancel);
        return await ReadAsync(response, type, cancel);
    }

    public Task<TOut> SendAsync<TIn, TOut>(HttpMethod method, string path, TIn body, JsonTypeInfo<TIn> input, JsonTypeInfo<TOut> output, CancellationToken cancel) =>
        ExchangeAsync(method, path, JsonContent.Create(body, input), output, cancel);

    public Task<TOut> SendAsync<TOut>(HttpMethod method, string path, JsonTypeInfo<TOut> output, CancellationToken cancel) =>
        ExchangeAsync(method, path, content: null, output, cancel);

    /// <summary>Sends what has no answer worth reading.</summary>
    public async Task SendAsync<TIn>(HttpMethod method, string path, TIn body, JsonTypeInfo<TIn> input, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, path) { Content = JsonContent.Create(body, input) };
        using var response = await Http.SendAsync(request, cancel);
        await ThrowIfRefusedAsync(response, cancel);
    }

    public async Task DeleteAsync(string path, CancellationToken cancel)
    {
        using var response = await Http.DeleteAsync(new Uri(path, UriKind.Relative), cancel);
        await ThrowIfRefusedAsync(response, cancel);
    }

    public async Task<byte[]> GetBytesAsync(string path, CancellationToken cancel)
    {
        using var response = await Http.GetAsync(new Uri(path, UriKind.Relative), cancel);
        await ThrowIfRefusedAsync(response, cancel);
        return await response.Content.ReadAsByteArrayAsync(cancel);
    }

    public void Dispose() => Http.Dispose();

    private async Task<TOut> ExchangeAsync<TOut>(HttpMethod method, string path, HttpContent? content, JsonTypeInfo<TOut> output, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        using var response = await Http.SendAsync(request, cancel);
        return await ReadAsync(response, output, cancel);
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancel)
    {
        await ThrowIfRefusedAsync(response, cancel);
        return await response.Content.ReadFromJsonAsync(type, cancel)
            ?? throw new ApiException($"The server's answer to {response.RequestMessage?.RequestUri?.AbsolutePath} is empty.");
    }

    private static async Task ThrowIfRefusedAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        var text = await response.Content.ReadAsStringAsync(cancel);
        throw new ApiException(Sentence(text) ?? $"The server answered {(int)response.StatusCode} to {response.RequestMessage?.RequestUri?.AbsolutePath}.");
    }

    private static string? Sentence(string body)
    {
        try
        {
            var problem = JsonSerializer.Deserialize(body, ApiJson.Default.ApiProblem);
            var words = problem?.Detail ?? problem?.Title;
            return words is null ? null : problem?.Code is { } code ? $"{words} ({code})" : words;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
