namespace Caisson.Endpoint.Appliance;

/// <summary>Where an appliance keeps what its versions need.</summary>
/// <param name="StateFolder">Root's, on the data partition.</param>
/// <param name="Esp">Where the EFI system partition is mounted.</param>
/// <param name="DataFolder">caissond's.</param>
/// <param name="Certificate">PEM of the certificate that kernels are signed by.</param>
internal sealed record ApplianceOptions(string StateFolder, string Esp, string DataFolder, string Certificate);
