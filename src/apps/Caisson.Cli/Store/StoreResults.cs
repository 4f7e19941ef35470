using System.Text.Json.Serialization;

namespace Caisson.Cli.Store;

/// <summary>What each verb prints with <c>--json</c>. Bytes are bytes, seconds are wall clock.</summary>
internal sealed record ImportResult(string Image, int Generation, string Digest, long ImageBytes, long StoredBytes, long AddedBytes, int Chunks, double Seconds);

internal sealed record ListedGeneration(string Image, int Generation, string Digest, long ImageBytes, long StoredBytes, int Chunks);

internal sealed record ExportResult(string Image, int Generation, string File, long ImageBytes, int Chunks, double Seconds);

internal sealed record DeltaResult(string From, string To, string File, string Digest, long DeltaBytes, int NewChunks, double Seconds);

internal sealed record ApplyResult(string File, long ImageBytes, double Seconds);

internal sealed record CheckResult(bool Ok, int Generations, long Chunks, int Blobs, long Bytes, IReadOnlyList<string> Problems, double Seconds);

internal sealed record CopyResult(IReadOnlyList<string> Generations, string Store, double Seconds);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = false)]
[JsonSerializable(typeof(ImportResult))]
[JsonSerializable(typeof(IReadOnlyList<ListedGeneration>))]
[JsonSerializable(typeof(ExportResult))]
[JsonSerializable(typeof(DeltaResult))]
[JsonSerializable(typeof(ApplyResult))]
[JsonSerializable(typeof(CheckResult))]
[JsonSerializable(typeof(CopyResult))]
internal sealed partial class StoreJson : JsonSerializerContext;
