using System.Globalization;

namespace Caisson.Installing;

/// <summary>The version on the medium.</summary>
/// <param name="RootHash">64 hexadecimal digits; the signed kernel carries the same.</param>
public sealed record Release(int Version, string RootHash)
{
    public string SlotName => string.Create(CultureInfo.InvariantCulture, $"caisson_{Version}");

    public Guid RootId => Guid.ParseExact(RootHash[..32], "N");

    public Guid VerityId => Guid.ParseExact(RootHash[32..], "N");
}

/// <summary>Ids that are this PC's alone, made before the plan so that the plan is a value.</summary>
public sealed record PlanIds(Guid Disk, Guid Esp, Guid SpareRoot, Guid SpareVerity, Guid Data)
{
    public static PlanIds Random() => new(Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
}
