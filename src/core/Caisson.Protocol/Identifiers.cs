namespace Caisson.Protocol;

/// <summary>A managed PC or a host. Lower-case letters, digits and dashes; chosen by the server at enrolment.</summary>
public readonly record struct EndpointId(string Value)
{
    public override string ToString() => Value;
}

/// <summary>A workspace on one endpoint; stable over generations. 1 to 40 of [a-z0-9-].</summary>
public readonly record struct WorkspaceId(string Value)
{
    public override string ToString() => Value;
}

/// <summary>One published generation: image name, number from 1, and the OCI manifest digest that is the root of every byte.</summary>
public sealed record GenerationReference(string Image, int Number, string ManifestDigest)
{
    public override string ToString() => $"{Image}@{Number}";
}
