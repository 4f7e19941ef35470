namespace Caisson.FileSystems.Ext;

/// <summary>Features a reader must know (s_feature_incompat), from the kernel's ext4 disk layout.</summary>
[Flags]
internal enum IncompatibleFeatures : uint
{
    None = 0,
    FileTypeInDirectory = 0x2,
    NeedsRecovery = 0x4,
    MetaBlockGroups = 0x10,
    Extents = 0x40,
    Is64Bit = 0x80,
    MultipleMountProtection = 0x100,
    FlexibleGroups = 0x200,
    ValuesInInodes = 0x400,
    ChecksumSeed = 0x2000,
    LargeDirectories = 0x4000,
    InlineData = 0x8000,
    CaseFolding = 0x20000,

    /// <summary>All that this reader understands. Compression, encryption and a journal on another device are not among them.</summary>
    Known = FileTypeInDirectory | NeedsRecovery | MetaBlockGroups | Extents | Is64Bit | MultipleMountProtection | FlexibleGroups | ValuesInInodes
        | ChecksumSeed | LargeDirectories | InlineData | CaseFolding,
}

/// <summary>Features only a writer must know (s_feature_ro_compat), as far as they matter to where things lie.</summary>
[Flags]
internal enum ReadOnlyFeatures : uint
{
    None = 0,
    SparseSuperblocks = 0x1,
    GroupChecksums = 0x10,
    Clusters = 0x200,
    MetadataChecksums = 0x400,
    OrphansPresent = 0x10000,
}

/// <summary>s_feature_compat, likewise.</summary>
[Flags]
internal enum CompatibleFeatures : uint
{
    None = 0,
    SparseSuperblocks2 = 0x200,
}
