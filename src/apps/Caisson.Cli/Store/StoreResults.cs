using System.Text.Json.Serialization;

namespace Caisson.Cli.Store;

/// <summary>What each verb prints with <c>--json</c>. Bytes are bytes, seconds are wall clock.</summary>
/// <param name="StaleBytes">Left of deleted files in free space, and imported; null where that is not known.</param>
/// <param name="StaleStoredBytes">What the stored image holds for them.</param>
/// <param name="LeftOutBytes">The same as StaleBytes, left out by --trim; null where an interrupted import was gone on with.</param>
internal sealed record ImportResult(string Image, int Generation, string Digest, long ImageBytes, long StoredBytes, long AddedBytes, int Chunks, long ResumedBytes, long? StaleBytes, long StaleStoredBytes, long? LeftOutBytes, double Seconds);

internal sealed record ListedGeneration(string Image, int Generation, string Digest, long ImageBytes, long StoredBytes, int Chunks);

internal sealed record ExportResult(string Image, int Generation, string File, long ImageBytes, int Chunks, double Seconds);

internal sealed record ServeResult(string Image, int Generation, string Uri, long ImageBytes);

internal sealed record DeltaResult(string From, string To, string File, string Digest, long DeltaBytes, int NewChunks, double Seconds);

internal sealed record ApplyResult(string File, long ImageBytes, double Seconds);

internal sealed record CheckResult(bool Ok, int Generations, long Chunks, int Blobs, long Bytes, IReadOnlyList<string> Problems, double Seconds);

internal sealed record CopyResult(IReadOnlyList<string> Generations, string Store, double Seconds);
internal sealed record RepairedResult(bool Ok, int Blobs, long RepairedBytes, IReadOnlyList<string> Repaired, IReadOnlyList<string> Left, double Seconds);

internal sealed record RemoveResult(string Image, int Generation, string Digest);

internal sealed record GarbageCollected(bool DryRun, int Blobs, long FreedBytes, int KeptBlobs, long KeptBytes, double Seconds);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = false)]
[JsonSerializable(typeof(ImportResult))]
[JsonSerializable(typeof(IReadOnlyList<ListedGeneration>))]
[JsonSerializable(typeof(ExportResult))]
[JsonSerializable(typeof(ServeResult))]
[JsonSerializable(typeof(DeltaResult))]
[JsonSerializable(typeof(ApplyResult))]
[JsonSerializable(typeof(CheckResult))]
[JsonSerializable(typeof(CopyResult))]
[JsonSerializable(typeof(RepairedResult))]
[JsonSerializable(typeof(RemoveResult))]
[JsonSerializable(typeof(GarbageCollected))]
internal sealed partial class StoreJson : JsonSerializerContext;
