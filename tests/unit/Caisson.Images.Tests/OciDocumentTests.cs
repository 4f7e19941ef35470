using System.Text;
using System.Text.Json;
using Caisson.Chunks;

namespace Caisson.Images.Tests;

/// <summary>JSON from a registry or a damaged disk: refused as damage, whatever is wrong with it.</summary>
public sealed class OciDocumentTests
{
    private const string Blob = """{"mediaType":"x","digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":1}""";

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Blob}},"layers":null}""")]
    [InlineData($$"""{"schemaVersion":2,"config":null,"layers":[]}""")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Blob}},"layers":[null]}""")]
    [InlineData($$"""{"schemaVersion":1,"config":{{Blob}},"layers":[]}""")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Blob}},"layers":[{"mediaType":"x","digest":"sha256:../../etc/passwd","size":1}]}""")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Blob}},"layers":[{"mediaType":"x","digest":null,"size":1}]}""")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Blob}},"layers":[{"mediaType":"x","digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":-1}]}""")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Blob}},"layers":[],"subject":{"mediaType":"x","digest":"y","size":1} }""")]
    public void A_manifest_that_is_none_is_invalid(string json) =>
        Assert.Equal(ChunkError.Invalid, Assert.Throws<ChunkException>(() => OciManifest.Parse(Encoding.UTF8.GetBytes(json))).Error);

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"manifests":null}""")]
    [InlineData("""{"manifests":[null]}""")]
    [InlineData("""{"manifests":[{"mediaType":"x","digest":"sha256:0","size":1}]}""")]
    public void An_index_of_manifests_that_is_none_is_refused(string json) =>
        Assert.ThrowsAny<JsonException>(() => OciIndex.Parse(Encoding.UTF8.GetBytes(json)));
}
