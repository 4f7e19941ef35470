using Caisson.ControlPlane.Catalogue;
using Caisson.ControlPlane.Console.Pcs;
using Caisson.Protocol.Api;

namespace Caisson.ControlPlane.Console.Images;

/// <summary>Moves a generation on, by the same call as the API's, and says what came of it.</summary>
internal sealed class ImageActions(Publishing publishing)
{
    public async Task<string> SetStateAsync(AskedState asked, CancellationToken cancellationToken)
    {
        try
        {
            await publishing.SetStateAsync(PcActions.Actor, asked.Image, asked.Number, asked.State, cancellationToken);
        }
        catch (RequestRefused refused)
        {
            return refused.Message;
        }

        return asked.State switch
        {
            GenerationState.Test => $"Generation {asked.Number} is in test.",
            GenerationState.Released => $"Generation {asked.Number} is released. PCs hear of it at their next poll.",
            _ => $"Generation {asked.Number} is retired.",
        };
    }
}
